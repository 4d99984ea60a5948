"""Loads the fixtures of the servers, for all tests."""

pytest_plugins = ["tests.servers.fixtures"]
