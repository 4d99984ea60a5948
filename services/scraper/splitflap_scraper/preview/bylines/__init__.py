"""Finds the author and the date that a reader sees: near the heading, and in marked elements."""
