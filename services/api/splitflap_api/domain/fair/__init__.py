"""Fair publishing: what each account has had of the workers' time, and which jobs go next.

These modules compute in memory. `transactions/held.py` reads and writes the rows, and
`loops/publisher.py` calls it. See docs/adr/0030-fair-publishing.md.
"""
