"""The embedded broker: queues as folders, messages as files."""
