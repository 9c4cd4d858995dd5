"""Arrays, norms, derivatives, and how frameworks compute gradients."""
