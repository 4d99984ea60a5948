"""The contract of webhooks."""
