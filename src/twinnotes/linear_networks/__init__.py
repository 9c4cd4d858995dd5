"""Models with one layer, their training, and softmax."""
