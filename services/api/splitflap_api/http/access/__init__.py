"""Access from browsers: sessions, and tokens for event streams."""
