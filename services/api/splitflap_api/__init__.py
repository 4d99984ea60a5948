"""The API: accepts, answers 202, owns all state, and turns outcomes into it."""
