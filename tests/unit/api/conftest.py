"""SQLite databases in files of the test, and the parts of the API on them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from splitflap_api.contract.paths import PREFIX
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.http.app import make_app
from splitflap_api.http.auth import caller
from splitflap_api.http.operator.live_status import LiveStatus
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import RequestBackend
from splitflap_api.loops.long_requests.status_feed import StatusFeed
from splitflap_api.loops.outcomes.queue_depths import Queues
from splitflap_api.overload.account_backlogs import AccountBacklogs
from splitflap_api.overload.acting import ActingLimits
from splitflap_api.overload.backlog import Backlog, Limits
from splitflap_api.settings import ApiSettings
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from splitflap_api.transactions.dead_letters import DeadLetterBatches
from splitflap_api.transactions.replay import Replayer
from splitflap_core.broker import BrokerLink, backend_for

from asyncrequest import AsyncRequests

from .every_operation import Target, targets
from .rig import Rig

_KEY = "a key with every scope"


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the present schema, for copies."""
    folder = tmp_path_factory.mktemp("migrated")
    store = Store(None, str(folder), pool=4)
    migrate(store)
    store.close()
    return folder / "splitflap.db"


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    """A database of this test."""
    shutil.copy(migrated, tmp_path / "splitflap.db")
    made = Store(None, str(tmp_path), pool=4)
    yield made
    made.close()


@pytest.fixture
def rig(store: Store) -> Iterator[Rig]:
    """The layers of one API process on this database."""
    made = Rig(store)
    made.acceptor.start()
    yield made
    made.acceptor.stop(10)


def live_status(rig: Rig, link: BrokerLink) -> LiveStatus:
    """The status of a replica with these parts."""
    accounts = AccountBacklogs()
    backlog = Backlog(
        rig.store, Limits(30, 3600), lambda: 0.0, lambda: True, lambda: rig.router.states, accounts
    )
    queues = Queues(rig.metrics, rig.signs)
    return LiveStatus(rig.store, "replica", rig.recorder, queues, link, backlog, accounts, dict)


@pytest.fixture
def acting() -> ActingLimits:
    """No limits of the accounts that a key acts for."""
    return ActingLimits(0, AccountBacklogs())


@pytest.fixture
def services(rig: Rig, tmp_path: Path, acting: ActingLimits) -> Services:
    """The parts of the views, with an unconnected link."""
    settings = ApiSettings(data_dir=str(tmp_path))
    link = BrokerLink("test", backend_for(settings).opener("test"))
    replayer = Replayer(rig.store, link, rig, rig.router)
    status = live_status(rig, link)
    return Services(
        settings=settings,
        metrics=rig.metrics,
        store=rig.store,
        acting=acting,
        keyring=Keyring(rig.store),
        acceptor=rig.acceptor,
        replayer=replayer,
        dead_letters=DeadLetterBatches(rig.store, replayer, lambda: 0.0),
        feed=rig.feed,
        later=AsyncRequests(
            RequestBackend(rig.acceptor, Keyring(rig.store)),
            account=lambda: caller().account,
            prefix=PREFIX,
        ),
        urls=rig.urls,
        status=status,
        status_feed=StatusFeed(status.read_json),
    )


@pytest.fixture
def app(services: Services) -> Flask:
    """The Flask application."""
    return make_app(services)


@pytest.fixture
def client(app: Flask, services: Services) -> FlaskClient:
    """A client of the account `admin`, with every scope."""
    services.keyring.bootstrap(_KEY)
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {_KEY}"
    return made


@pytest.fixture
def post(rig: Rig, client: FlaskClient) -> str:
    """The path of a complete post of the account `admin`."""
    client.post("/v1/posts", json={"text": "first"})
    rig.rendered(rig.row("jobs"))
    return f"/v1/posts/{rig.row('posts')['id']}"


@pytest.fixture
def existing(rig: Rig, client: FlaskClient, post: str) -> list[Target]:
    """Every operation, on resources that exist."""
    return targets(rig, client)
