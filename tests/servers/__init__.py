"""Real servers as processes, for tests, faults and benchmarks.

    process.py     the folder and the user of a server's processes
    server.py      start, stop, kill and restart, common to all servers
    postgres.py    a PostgreSQL server
    rabbitmq.py    a RabbitMQ node
    prometheus.py  a Prometheus server
    proxy.py       a TCP proxy that makes a bad network
    fixtures.py    PostgreSQL and RabbitMQ as fixtures, one of each per run

Every server listens on loopback, on ports of its own. Its process ids end it, never its name.
"""
