"""The servers as fixtures, one of each per run. tests/conftest.py loads this module."""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from .collector import Collector
from .postgres import Postgres
from .process import MissingBinary
from .rabbitmq import RabbitMq

S = TypeVar("S")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A PostgreSQL server. Each test makes its own database."""
    with or_skip(Postgres) as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[RabbitMq]:
    """A RabbitMQ node. Each test makes its own virtual host, and ends its alarms."""
    with or_skip(RabbitMq) as server:
        yield server


@pytest.fixture(scope="session")
def collector() -> Iterator[Collector]:
    """An OpenTelemetry Collector. Each test looks for its own traces."""
    with or_skip(Collector) as server:
        yield server


def or_skip(make: Callable[[], S]) -> S:
    """Call `make`. If the program is missing, skip the test, or fail it in CI."""
    try:
        return make()
    except MissingBinary as error:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have every server: {error}")
        pytest.skip(str(error))
