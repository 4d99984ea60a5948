"""The services under faults: clients post, a nemesis breaks parts, and a checker compares.

The words are those of Jepsen. A *nemesis* is the part of a test that causes faults: it kills,
pauses or cuts off one kind of process or connection, and then repairs it. A *history* is the
record of all attempts, responses, posts and events. The *checker* turns it into a *verdict*.

`python -m tests.faults` (or `make faults`) runs every nemesis and prints one table.
Each row of it is one nemesis; `table.py` has the columns.
"""
