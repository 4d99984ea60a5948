"""Applications of single experiments, beside benchmarks/talk/app.py."""

#: The events of a post without links, of Splitflap and of pushing.py.
EVENT_NAMES = ("accepted", "rendered", "done")
