"""The clients of a run: they create, follow and change posts, watch events, and record it all."""
