"""Loads the fixtures of the servers and of back ends, for all tests."""

pytest_plugins = ["tests.servers.fixtures", "tests.system.rig.backends"]
