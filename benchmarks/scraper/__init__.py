"""Benchmarks of the scraper."""
