"""Fair publishing: what each account has had of the workers' time, and which jobs go next.

- In memory: `shares`, `ledger` (charges, and slots of workers), `kind_state`, `rounds` (deficit
  round robin), `routes` (of jobs).
- Queries: `accounts` (how to find them), `held` (jobs), `share_rows`, `capacities`, `kind_states`,
  `waits` (of accounts), within `bounds`.
- `release` releases held jobs. `low_credit` bounds the low ones.

`transactions/fair.py` calls them, for `loops/publisher.py`. See docs/adr/0032-fair-publishing.md.
"""
