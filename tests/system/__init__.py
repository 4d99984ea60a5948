"""Tests that talk to running services over HTTP, and never import one."""
