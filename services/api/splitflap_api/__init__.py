"""The API: accepts, answers 202, owns all state, and turns outcomes into it."""

from importlib.metadata import version

__version__ = version("splitflap-api")
