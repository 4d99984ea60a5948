"""The API: accepts, answers 202, owns all state, and turns outcomes into it."""

__version__ = "0.1.0"
