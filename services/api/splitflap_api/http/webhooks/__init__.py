"""HTTP of webhooks, and which of them a request is told to."""
