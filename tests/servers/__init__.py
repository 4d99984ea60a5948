"""Real servers for tests, faults and benchmarks: PostgreSQL, RabbitMQ, and a bad network.

Everything listens on loopback only, on ports of its own, and ends by its own process ids.
"""
