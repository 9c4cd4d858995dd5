"""Distribution shift, and whole cases from data to result."""
