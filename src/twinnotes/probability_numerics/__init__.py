"""Probability, likelihood and divergence, and arithmetic with rounded numbers."""
