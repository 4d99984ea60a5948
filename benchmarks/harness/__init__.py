"""Servers, processes, load generators and tables, shared by all benchmarks."""
