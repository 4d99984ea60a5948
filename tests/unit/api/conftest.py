"""Databases and the parts of the API on them: real ones, in files of the test."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from splitflap_api.contract.paths import PREFIX
from splitflap_api.domain.keys import Keyring
from splitflap_api.http.app import make_app
from splitflap_api.http.auth import caller
from splitflap_api.http.services import Services
from splitflap_api.http.waiting import SlotReleasingBackend
from splitflap_api.loops.feed import Feed
from splitflap_api.settings import ApiSettings
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from splitflap_api.transactions.replay import Replayer
from splitflap_core.broker import BrokerLink, backend_for

from asyncrequest import AsyncRequests

from .rig import Rig


@pytest.fixture(scope="session")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the present schema, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    store = Store(None, str(folder), pool=4)
    migrate(store)
    store.close()
    return folder / "splitflap.db"


@pytest.fixture
def store(migrated: Path, tmp_path: Path) -> Iterator[Store]:
    """An SQLite database of the test's own."""
    shutil.copy(migrated, tmp_path / "splitflap.db")
    made = Store(None, str(tmp_path), pool=4)
    yield made
    made.close()


@pytest.fixture
def rig(store: Store) -> Iterator[Rig]:
    """The accept path and the ingest of outcomes on that database."""
    made = Rig(store)
    made.acceptor.start()
    yield made
    made.acceptor.stop(10)


@pytest.fixture
def services(rig: Rig, tmp_path: Path) -> Services:
    """What views are made of, with a broker in the test's folder to which nobody is connected."""
    settings = ApiSettings(data_dir=str(tmp_path))
    feed = Feed(rig.store, lambda: None)
    link = BrokerLink("test", backend_for(settings).opener("test"))
    return Services(
        settings=settings,
        metrics=rig.metrics,
        store=rig.store,
        keyring=Keyring(rig.store),
        acceptor=rig.acceptor,
        replayer=Replayer(rig.store, link, rig.published.extend),
        feed=feed,
        later=AsyncRequests(
            SlotReleasingBackend(rig.acceptor), account=lambda: caller().account, prefix=PREFIX
        ),
    )


@pytest.fixture
def app(services: Services) -> Flask:
    """The Flask application."""
    return make_app(services)
