"""Alternatives to the renderer, with the same work: task queues and a process pool."""
