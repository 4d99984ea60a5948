"""Access: keys, and the secrets that stand for a key."""
