"""Reads dates as people and machines write them."""
