"""Benchmarks of the API, and of publishing to the broker."""
