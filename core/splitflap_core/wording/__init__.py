"""Types and mistakes in words for people."""
