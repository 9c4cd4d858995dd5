"""Networks with hidden layers: their layers, activations, width and depth."""
