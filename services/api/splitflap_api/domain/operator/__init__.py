"""What operators see: the status, its history, who waits, and the audit."""
