"""What one would otherwise render with: task queues and a pool, doing the same work."""
