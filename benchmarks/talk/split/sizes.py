"""Sizes that the page names too, so nothing is imported here."""

#: Posts that a rival works on at a time: threads, or processes.
SLOTS = 16

#: How many of them take posts without links, if these have a queue of their own.
TEXT_SLOTS = 4

#: Processes that the slots are in, if they are threads: one for each CPU of the machine.
PROCESSES = 2

#: Seconds after the last kill until an accepted post counts as unfinished.
KILLS_PATIENCE = 5.0
