"""Servers as fixtures: one of each for the whole run. Loaded by tests/conftest.py."""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from .postgres import Postgres
from .process import MissingBinary
from .rabbitmq import RabbitMq

S = TypeVar("S")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL; make a database of your own in it."""
    with or_skip(Postgres) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMq]:
    """A RabbitMQ node; make a vhost of your own in it. Leave it running, without an alarm."""
    with or_skip(RabbitMq) as server:
        yield server


def or_skip(make: Callable[[], S]) -> S:
    """The server, not started, or a program. Where it is not installed: skip, but fail in CI."""
    try:
        return make()
    except MissingBinary as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have every server: {error}")
        pytest.skip(str(error))
