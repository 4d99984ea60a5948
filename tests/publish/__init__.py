"""`make publish`, into a registry on loopback."""
