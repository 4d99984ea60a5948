"""Sessions and tokens as rows: bounded for each key, and deleted after their end."""

import pytest
from splitflap_api.contract.models import KeyInput
from splitflap_api.domain.access import sessions as module
from splitflap_api.domain.access.keys import Caller, Keyring
from splitflap_api.domain.access.sessions import Sessions
from splitflap_api.loops.retention import Retention, sweeps
from splitflap_api.store.schema import sessions
from sqlalchemy import select, update

from tests.unit.api.rig import Rig

from .conftest import MakeRig

HOUR = 3_600_000

#: The id of no key.
NOBODY = "0192f0c8-0000-7000-8000-000000000001"


@pytest.fixture
def rig(make_rig: MakeRig) -> Rig:
    """A rig on each database."""
    return make_rig()


@pytest.fixture
def keyring(rig: Rig) -> Keyring:
    """The keys of the rig's database."""
    return Keyring(rig.store)


def caller(keyring: Keyring) -> Caller:
    """The caller with a new key."""
    made = keyring.caller(keyring.create(KeyInput(account="me", scopes=["read"])).key)
    assert made
    return made


def test_a_key_has_a_limited_number_of_sessions(
    rig: Rig, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new one ends the oldest. Tokens and other keys are counted apart."""
    monkeypatch.setattr(module, "MOST", {"page": 3, "stream": 2})
    made, one, other = Sessions(rig.store, keyring), caller(keyring), caller(keyring)
    first = made.begin(other, "")[1]
    secrets = [made.begin(one, "")[1] for _ in range(5)]
    tokens = [made.new_token(one).token for _ in range(3)]
    known = [keyring.caller(secret, "page") is not None for secret in (first, *secrets)]
    assert known == [True, False, False, True, True, True]
    assert [keyring.caller(token, "stream") is not None for token in tokens] == [False, True, True]
    assert len(rig.rows("sessions")) == 6


def test_only_hashes_are_stored(rig: Rig, keyring: Keyring) -> None:
    """The database has neither the secret of a session nor a token."""
    made, one = Sessions(rig.store, keyring), caller(keyring)
    secrets = {made.begin(one, "agent")[1], made.new_token(one).token}
    assert not secrets & {str(value) for row in rig.rows("sessions") for value in row.values()}


def test_expired_sessions_are_deleted(rig: Rig, keyring: Keyring) -> None:
    """By the retention; the others stay."""
    made, one = Sessions(rig.store, keyring), caller(keyring)
    kept = made.begin(one, "")[0].id
    old = made.begin(one, "")[0].id
    made.new_token(one)
    with rig.store.write() as tx:
        tx.execute(update(sessions).where(sessions.c.id != kept).values(expires_at=1))
    assert keyring.valid([kept, old, one.key_id]) == {kept, one.key_id}
    for duty in sweeps(rig.store, Retention(tombstones=HOUR, events=HOUR)):
        duty.run()
    with rig.store.read() as tx:
        assert tx.execute(select(sessions.c.id)).scalars().all() == [kept]


def test_a_session_without_its_key_is_no_caller(rig: Rig, keyring: Keyring) -> None:
    """Neither after the key was revoked, nor if its row is gone."""
    made, revoked, gone = Sessions(rig.store, keyring), caller(keyring), caller(keyring)
    secrets = [made.begin(each, "")[1] for each in (revoked, gone)]
    with rig.store.write() as tx:
        tx.execute(update(sessions).where(sessions.c.key_id == gone.key_id).values(key_id=NOBODY))
    keyring.revoke(revoked.key_id)
    assert [keyring.caller(each, "page") for each in secrets] == [None, None]
    with rig.store.read() as tx:
        ids = tx.execute(select(sessions.c.id)).scalars().all()
    assert keyring.valid(ids) == set()
