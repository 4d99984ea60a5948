"""The loop that delivers webhooks, and its links to the broker."""
