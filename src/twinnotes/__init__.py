"""Deep-learning concepts, each written twice: in PyTorch and in Apache MXNet."""
