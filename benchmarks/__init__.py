"""One command and one table for each figure: see README.md."""
