"""From the broker to the database: outcomes, dead letters, and the lengths of the queues."""
