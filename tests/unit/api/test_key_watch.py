"""Long requests end with their keys."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from splitflap_api.contract.models import KeyInput
from splitflap_api.domain.access.channels import ALL
from splitflap_api.domain.access.keys import Caller, Keyring
from splitflap_api.loops.long_requests.key_watch import KeyWatch

from tests.support import wait_until

from .rig import Rig, by

PATIENCE = 30.0


@pytest.fixture
def keyring(rig: Rig) -> Keyring:
    """The keys of the rig's database."""
    return Keyring(rig.store)


@pytest.fixture
def watch(rig: Rig, keyring: Keyring) -> KeyWatch:
    """Wired as in service.py. Tests run its iterations themselves."""
    return KeyWatch(keyring.valid, rig.feed, rig.acceptor.waits)


def new_key(keyring: Keyring) -> str:
    """A new key that may read."""
    return keyring.create(KeyInput(account="me", scopes=["read"])).id


def test_a_revoked_key_ends_its_stream(rig: Rig, keyring: Keyring, watch: KeyWatch) -> None:
    """No event comes. The stream of another key goes on."""
    revoked, valid = new_key(keyring), new_key(keyring)
    ended, goes_on = rig.feed.subscribe(ALL, revoked), rig.feed.subscribe(ALL, valid)
    watch.run_once()
    assert not ended.ended
    reader = threading.Thread(target=ended.wait, daemon=True)
    reader.start()
    keyring.revoke(revoked)
    watch.run_once()
    reader.join(PATIENCE)
    assert not reader.is_alive()
    assert (ended.ended, goes_on.ended) == (True, False)


def as_key(key_id: str) -> Caller:
    """The caller of a request with this key."""
    return replace(by(), key_id=key_id)


def test_a_revoked_key_ends_its_wait(rig: Rig, keyring: Keyring, watch: KeyWatch) -> None:
    """The response is the running task. The wait of another key goes on until its task ends."""
    revoked, valid = new_key(keyring), new_key(keyring)
    task = rig.post().id
    with ThreadPoolExecutor(2) as callers:
        ended = callers.submit(rig.acceptor.wait, as_key(revoked), task, PATIENCE)
        goes_on = callers.submit(rig.acceptor.wait, as_key(valid), task, PATIENCE)
        wait_until(lambda: rig.acceptor.waits.key_ids() == {revoked, valid}, "both waits", 20)
        keyring.revoke(revoked)
        watch.run_once()
        assert ended.result(PATIENCE).final is None
        assert rig.acceptor.waits.key_ids() == {valid}
        rig.rendered(rig.row("jobs"))
        rig.acceptor.wake()
        assert goes_on.result(PATIENCE).final is not None
