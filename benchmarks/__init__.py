"""Benchmarks: one command and one table for each figure. See README.md."""

from pathlib import Path

#: The root of the repository: the PYTHONPATH of processes that import `benchmarks`.
ROOT = Path(__file__).parents[1]
