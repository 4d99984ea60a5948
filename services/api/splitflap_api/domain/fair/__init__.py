"""Fair publishing: what each account has had of the workers' time, and which jobs go next.

- In memory: `shares`, `ledger` (charges), `rounds` (deficit round robin), `routes` (of new jobs).
- Rows: `held` (jobs by account), `state` (what the routes depend on), `release` (a round).

`transactions/fair.py` calls them, for `loops/publisher.py`. See docs/adr/0032-fair-publishing.md.
"""
