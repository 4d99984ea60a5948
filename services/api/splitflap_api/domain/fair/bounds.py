"""How far fair publishing counts held jobs and their accounts, so that no flood makes it slow."""

#: Accounts with held jobs, and shares, in the state of a kind. Read ten times a second.
STATE_ACCOUNTS = 1_000

#: Held jobs in expected waits, of one account and of all together. Counted once a second.
WAIT_JOBS_OF_ACCOUNT = 20_000
WAIT_JOBS = 100_000

#: Held jobs of two owners of a preview, to find the one with fewer.
COMPARED_JOBS = 1_000

#: Accounts of a kind with held jobs, in metrics and responses.
SHOWN_ACCOUNTS = 10_000

#: Held jobs of a kind in metrics, and those of an account in a response: normal and low ones each.
SHOWN_JOBS = 100_000
SHOWN_JOBS_OF_ACCOUNT = 1_000
