"""API keys on a real database: hashed, cached for a while, revoked."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from splitflap_api.contract.access.credentials import Use
from splitflap_api.contract.models import CreatedKey, KeyInput
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.access import keys
from splitflap_api.domain.access.keys import (
    CACHE,
    LOOKUP,
    Caller,
    Keyring,
    Known,
    hash_of,
    new_secret,
)
from splitflap_api.domain.access.sessions import Sessions
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import keys as table
from splitflap_api.store.schema import sessions
from sqlalchemy import select, update
from uuid_utils import uuid7

#: Longest wait for another thread, in seconds.
PATIENCE = 30.0


def make(keyring: Keyring, account: str = "ann") -> CreatedKey:
    """Create a key with the scopes read and write."""
    return keyring.create(KeyInput(account=account, scopes=["read", "write"], name="laptop"))


def test_only_the_hash_is_stored(store: Store) -> None:
    """The database does not contain the secret."""
    created = make(Keyring(store))
    with store.read() as tx:
        (row,) = tx.execute(select(table)).mappings()
    assert created.key.startswith("sf_")
    assert len(created.key) >= 40
    assert row["hash"] == hash_of(created.key)
    assert not any(created.key in str(value) for value in row.values())


def test_secrets_differ() -> None:
    """The hashes differ too."""
    secrets = {new_secret() for _ in range(100)}
    assert len(secrets) == len({hash_of(secret) for secret in secrets}) == 100


def test_a_key_has_an_account_and_scopes(store: Store) -> None:
    """Other texts have no caller."""
    keyring = Keyring(store)
    created = make(keyring)
    caller = keyring.caller(created.key)
    assert caller is not None
    assert (caller.key_id, caller.account) == (created.id, "ann")
    assert caller.scopes == {"read", "write"}
    for wrong in ("", created.key + "x", created.key.upper(), hash_of(created.key)):
        assert keyring.caller(wrong) is None


@pytest.mark.parametrize("use", ["page", "stream"])
def test_an_expired_secret_has_no_caller(store: Store, use: Use) -> None:
    """Before a sweep has deleted its row, too."""
    keyring = Keyring(store)
    caller = keyring.caller(make(keyring).key)
    assert caller
    service = Sessions(store, keyring)
    secret = service.begin(caller, "")[1] if use == "page" else service.new_token(caller).token
    with store.read() as tx:
        session_id = tx.execute(select(sessions.c.id)).scalar_one()
    assert keyring.caller(secret, use)
    assert keyring.valid([session_id]) == {session_id}
    with store.write() as tx:
        tx.execute(update(sessions).values(expires_at=store.now(tx)))
    assert Keyring(store).caller(secret, use) is None
    assert keyring.valid([session_id]) == set()


def test_a_revoked_key_is_refused_at_once_on_its_replica(store: Store) -> None:
    """A second revocation changes nothing; the list shows the time."""
    keyring = Keyring(store)
    created = make(keyring)
    assert keyring.caller(created.key)
    keyring.revoke(created.id)
    assert keyring.caller(created.key) is None
    (listed,) = keyring.page(None, 100)
    revoked_at = listed.revoked_at
    assert revoked_at is not None
    keyring.revoke(created.id)
    assert keyring.page(None, 100)[0].revoked_at == revoked_at
    with pytest.raises(Problem) as refused:
        keyring.revoke("0192f0c8-0000-7000-8000-000000000001")
    assert refused.value.slug == "not-found"


def make_admin(keyring: Keyring) -> CreatedKey:
    """Create a key with the scope admin."""
    return keyring.create(KeyInput(account="ann", scopes=["admin", "read"]))


def test_the_last_admin_key_is_revoked_by_force_only(store: Store) -> None:
    """Other keys, and an admin key beside another one, need no force."""
    keyring = Keyring(store)
    make(keyring)
    first, last = make_admin(keyring), make_admin(keyring)
    keyring.revoke(first.id)
    for key in (last, last):
        with pytest.raises(Problem) as refused:
            keyring.revoke(key.id)
        assert refused.value.slug == "conflict"
        assert "the last key with the scope admin" in refused.value.detail
        assert "splitflap-api admin-key" in refused.value.detail
    assert keyring.caller(last.key)
    keyring.revoke(first.id)
    keyring.revoke(last.id, force=True)
    assert keyring.caller(last.key) is None
    keyring.revoke(last.id)


def test_a_key_for_a_scope_that_begins_with_admin_is_no_admin_key(store: Store) -> None:
    """Scopes of a later release, for example."""
    keyring = Keyring(store)
    other, last = make(keyring), make_admin(keyring)
    with store.write() as tx:
        tx.execute(update(table).where(table.c.id == other.id).values(scopes="administer read"))
    with pytest.raises(Problem):
        keyring.revoke(last.id)


def test_accounts_that_differ_in_case_are_two_accounts(store: Store) -> None:
    """`alice` and `ALICE` share nothing; documentation says so."""
    keyring = Keyring(store)
    accounts = ["alice", "ALICE", "Alice"]
    made = [keyring.caller(make(keyring, account).key) for account in accounts]
    assert [caller.account for caller in made if caller] == accounts


def test_a_lookup_is_cached_for_a_while(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another replica's revocation takes effect after CACHE seconds; so does a new key."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    here, there = Keyring(store), Keyring(store)
    created = make(there)
    secret = new_secret()
    assert here.caller(created.key)
    assert here.caller(secret) is None
    there.revoke(created.id)
    with store.write() as tx:
        tx.execute(update(table).values(hash=hash_of(secret), revoked_at=None))
    now[0] += CACHE - 0.1
    assert here.caller(created.key)
    assert here.caller(secret) is None
    now[0] += 0.2
    assert here.caller(created.key) is None
    assert here.caller(secret)


def test_a_slow_lookup_is_not_trusted_for_longer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have read the rows at its begin, before another replica revoked the key."""
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])

    class Slow(Keyring):
        def _find(self, use: Use, hashed: str) -> tuple[Caller | None, str]:
            found = super()._find(use, hashed)
            now[0] += 2.0
            return found

    here, there = Slow(store), Keyring(store)
    created = make(there)
    assert here.caller(created.key)
    there.revoke(created.id)
    now[0] += CACHE - 2.0 + 0.1
    assert here.caller(created.key) is None


class SlowKeyring(Keyring):
    """Lookups wait for an open gate."""

    def __init__(self, store: Store) -> None:
        super().__init__(store)
        self.lookups = 0
        self.fails = False
        self.gate = threading.Event()
        self.gate.set()

    def _find(self, use: Use, hashed: str) -> tuple[Caller | None, str]:
        self.lookups += 1
        assert self.gate.wait(PATIENCE)
        if self.fails:
            raise ConnectionError
        return super()._find(use, hashed)


def test_one_request_repeats_the_lookup_for_all(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Meanwhile other requests use the old lookup."""
    keyring = SlowKeyring(store)
    key = make(keyring).key
    known = keyring.caller(key)
    later = time.monotonic() + CACHE + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    keyring.gate.clear()
    with ThreadPoolExecutor(1) as threads:
        first = threads.submit(keyring.caller, key)
        while keyring.lookups < 2:
            time.sleep(0.001)
        assert [keyring.caller(key) for _ in range(10)] == [known] * 10
        keyring.gate.set()
        assert first.result(PATIENCE) == known
    assert keyring.lookups == 2


@pytest.mark.parametrize("answers", [True, False])
def test_an_old_lookup_is_not_used_while_it_is_repeated(
    store: Store, monkeypatch: pytest.MonkeyPatch, answers: bool
) -> None:
    """The key may have been revoked since. Nor is it while the database does not answer."""
    keyring = SlowKeyring(store)
    created = make(keyring)
    assert keyring.caller(created.key)
    Keyring(store).revoke(created.id)
    later = time.monotonic() + CACHE + LOOKUP + 0.1
    monkeypatch.setattr(time, "monotonic", lambda: later)
    keyring.gate.clear()
    with ThreadPoolExecutor(2) as threads:
        both = [threads.submit(keyring.caller, created.key)]
        while keyring.lookups < 2:
            time.sleep(0.001)
        both.append(threads.submit(keyring.caller, created.key))
        if answers:
            keyring.gate.set()
            assert [each.result(PATIENCE) for each in both] == [None, None]
        else:
            keyring.fails = True
            keyring.gate.set()
            for each in both:
                with pytest.raises(ConnectionError):
                    each.result(PATIENCE)


def test_the_valid_keys_are_not_those_of_the_cache(store: Store) -> None:
    """Long requests end by it. The cache would be up to CACHE seconds late."""
    keyring = Keyring(store)
    known, revoked = make(keyring), make(keyring)
    assert keyring.caller(revoked.key)
    Keyring(store).revoke(revoked.id)
    assert keyring.valid({known.id, revoked.id, str(uuid7())}) == {known.id}


def test_the_cache_is_bounded(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guessed keys cannot fill the memory."""
    monkeypatch.setattr(keys, "CACHE_SIZE", 10)
    keyring = Keyring(store)
    for number in range(100):
        keyring.caller(f"guess {number}")
    # Private: only the cache itself shows its size.
    assert len(keyring._cache) <= 10


def test_the_first_key_is_created_once(store: Store) -> None:
    """A random one if there is no key; a given one if it is missing."""
    keyring = Keyring(store)
    invented = keyring.bootstrap(None)
    assert invented is not None
    caller = keyring.caller(invented)
    assert caller is not None
    assert caller.scopes == {"read", "write", "observe", "admin"}
    assert keyring.bootstrap(None) is None
    for _ in range(2):
        assert keyring.bootstrap("a-given-bootstrap-key") is None
    assert keyring.caller("a-given-bootstrap-key")
    assert len(keyring.page(None, 100)) == 2


def test_keys_are_listed_without_secrets(store: Store) -> None:
    """The newest key comes first."""
    keyring = Keyring(store)
    ids = [make(keyring, account).id for account in ("a", "b", "c")]
    listed = keyring.page(None, 100)
    assert [key.id for key in listed] == ids[::-1]
    assert not any(hasattr(key, "key") for key in listed)


def test_the_account_of_a_key_is_remembered_without_a_query(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Admission reads it before authentication. Strangers do not displace it."""
    keyring = Keyring(store)
    created = make(keyring)
    assert keyring.known(created.key) is None
    keyring.caller(created.key)
    monkeypatch.setattr(keys, "CACHE_SIZE", 2)
    for _ in range(5):
        keyring.caller(new_secret())
    monkeypatch.setattr(keyring, "_find", None)
    assert keyring.known(created.key) == Known("ann", hash_of(created.key))
    assert keyring.known(new_secret()) is None


def test_a_replica_remembers_a_limited_number_of_accounts(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first one is forgotten first, and all of them at a revocation."""
    monkeypatch.setattr(keys, "REMEMBERED", 2)
    keyring = Keyring(store)
    made = [make(keyring, account) for account in ("ann", "bob", "eve")]
    for each in made:
        keyring.caller(each.key)
    known = [keyring.known(each.key) for each in made]
    assert [each and each.account for each in known] == [None, "bob", "eve"]
    keyring.revoke(made[0].id)
    assert [keyring.known(each.key) for each in made] == [None, None, None]
