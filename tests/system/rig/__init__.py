"""The rig of the system tests: services as processes, and clients that know only HTTP.

`Stack` starts one installation: APIs, a renderer and a scraper, on a database and a broker of its
own. `Client`, `EventStream` and `RawConnection` talk to its APIs. `Site` serves the pages that
posts link to. `Writer` creates posts from several threads, and `Publisher` puts messages into the
broker's queues. Nothing here imports a service's code.

`conftest.py` makes the fixtures: `stack` is shared by all tests on one back end, `make_stack`
starts a stack for one test. tests/faults, tests/cluster and benchmarks use the same parts.
"""
