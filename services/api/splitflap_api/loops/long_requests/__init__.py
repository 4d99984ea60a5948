"""Requests that stay open: event streams, and waits for tasks (`Prefer: wait`)."""
