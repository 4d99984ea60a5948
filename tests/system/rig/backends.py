"""The fixture that makes back ends: a folder, or a database and a virtual host."""

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from .stack import StackBackend

if TYPE_CHECKING:
    from tests.servers.postgres import Postgres
    from tests.servers.rabbitmq import RabbitMq

MakeBackend = Callable[[str], StackBackend]

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def make_backend(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> MakeBackend:
    """Make new back ends, by the name of their kind: `embedded` or `servers`."""

    def make(name: str) -> StackBackend:
        if name == "embedded":
            folder = tmp_path_factory.mktemp("data")
            return StackBackend(name, {"SPLITFLAP_DATA_DIR": str(folder)}, str(folder / "broker"))
        postgres: Postgres = request.getfixturevalue("postgres_server")
        rabbitmq: RabbitMq = request.getfixturevalue("rabbitmq_server")
        own_name = f"system{next(_numbers)}"
        broker = rabbitmq.add_vhost(own_name)
        environ = {
            "SPLITFLAP_DATABASE_URL": postgres.create_database(own_name),
            "SPLITFLAP_BROKER_URL": broker,
        }
        return StackBackend(name, environ, broker)

    return make
