"""The services under faults: clients post, a nemesis acts, and then the books are closed.

`python -m tests.faults` (or `make faults`) runs every nemesis and prints the books as one table.
"""
