"""API keys: created, found by their hash, revoked. The keyring also finds what stands for a key."""

import hashlib
import secrets
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Select, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from uuid_utils import uuid7

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.contract import models
from splitflap_api.contract.access.credentials import Use
from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.access.channels import ALL, Channels
from splitflap_api.domain.operator.audit import Note, unnoted
from splitflap_api.store.bulk import among
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import keys, sessions, webhooks

#: Seconds for which a replica trusts its last lookup of a key, from the lookup's begin: a slow one
#: may have read the rows of long ago.
CACHE = 3.0

#: Seconds beyond CACHE for which requests use a lookup that another request repeats. A hundred
#: requests with one key then cause one lookup. The documentation promises that a revoked key works
#: for at most 5 s: CACHE, LOOKUP, and a second for a request that has just been let in.
LOOKUP = 1.0

#: Keys in the cache at most, unknown ones included.
CACHE_SIZE = 10_000

#: Valid keys whose account a replica remembers. The first one remembered is forgotten first.
REMEMBERED = 10_000

#: Seconds for which a replica remembers the account of a valid key after its last lookup.
REMEMBERED_FOR = 600.0

#: The scopes of the first key. Only applications need `act`.
ALL_SCOPES: tuple[models.Scope, ...] = ("read", "write", "observe", "admin")

#: The scopes with which a key acts for another account.
_FOR_OTHERS = frozenset({"read", "write"})

#: The valid keys with the scope admin, locked in the order of their ids.
_ADMINS = (
    select(keys.c.id)
    .where(keys.c.revoked_at.is_(None), (" " + keys.c.scopes + " ").like("% admin %"))
    .order_by(keys.c.id)
    .with_for_update()
)

#: The enabled webhooks of a key.
_WEBHOOKS = (
    select(webhooks.c.id, webhooks.c.always)
    .where(webhooks.c.key_id == bindparam("_key_id"), webhooks.c.disabled_at.is_(None))
    .order_by(webhooks.c.id)
)

_LAST_ADMIN = (
    "this is the last key with the scope admin. Create another one first, or repeat the request "
    "with ?force=true: then only `splitflap-api admin-key`, run beside the database, makes a new "
    "one"
)


class KeyWebhook(NamedTuple):
    """An enabled webhook of a key, and whether it is told of all its tasks."""

    id: str
    always: bool


@dataclass(frozen=True)
class Caller:
    """The key and the account of a request, and its session, if it came with a cookie.

    `own_account` is the key's, if it acts for another `account`.
    """

    key_id: str
    account: str
    scopes: frozenset[str]
    session_id: str | None = None
    channels: Channels = ALL
    own_account: str | None = None
    webhooks: tuple["KeyWebhook", ...] = ()

    @property
    def credential_id(self) -> str:
        """The session or the key. Long requests end with it (loops/long_requests/key_watch.py)."""
        return self.session_id or self.key_id

    def may(self, scope: str) -> bool:
        """Whether the key has the scope. `admin` includes `observe`."""
        return scope in self.scopes or (scope == "observe" and "admin" in self.scopes)

    def acting_for(self, account: str) -> "Caller":
        """The caller as this account, with its rights: those of an operator end here."""
        own = self.own_account or self.account
        return replace(self, account=account, own_account=own, scopes=self.scopes & _FOR_OTHERS)

    def sees_task(self, task: Any) -> bool:
        """Whether the row of a task is one of its account, in its channels or made by its key."""
        return task["account"] == self.account and (
            self.channels.are_all
            or task["key_id"] == self.key_id
            or (task["channel"] is not None and task["channel"] in self.channels)
        )


class Known(NamedTuple):
    """What a replica remembers of a credential. It grants nothing."""

    account: str
    #: The hash of the key. Requests of its sessions count for the key's rate.
    key_hash: str
    #: Whether the key may act for other accounts.
    acts: bool = False


#: What keys and sessions are remembered by: their kind, and the hash of the secret.
_Hashed = tuple[Use, str]

_NOTHING = (0.0, Known("", ""))


def hash_of(secret: str) -> str:
    """A key as the table keeps it. Keys are 256 random bits, so a fast hash is enough (no KDF)."""
    return hashlib.sha256(secret.encode()).hexdigest()


def new_secret() -> str:
    """A new random key."""
    return f"sf_{secrets.token_urlsafe(32)}"


class _Lookup(NamedTuple):
    """What the database said of a secret."""

    began: float
    caller: Caller | None
    is_being_repeated: bool = False

    def holds(self, now: float) -> bool:
        """Whether a request may use it instead of a lookup of its own."""
        return now - self.began < CACHE + LOOKUP * self.is_being_repeated


class Keyring:
    """The keys in the database, with a cache."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._cache: dict[_Hashed, _Lookup] = {}
        # Apart from the cache, which strangers can fill with unknown keys.
        self._known: dict[_Hashed, tuple[float, Known]] = {}

    def caller(self, secret: str, use: Use = "key") -> Caller | None:
        """The caller with this secret; None for an unknown, revoked or expired one."""
        hashed = use, hash_of(secret)
        last = self._cache.get(hashed)
        now = time.monotonic()
        if last and last.holds(now):
            return last.caller
        if last:
            self._cache[hashed] = last._replace(is_being_repeated=True)
        caller, key_hash = self._find(*hashed)
        with self._lock:
            if len(self._cache) >= CACHE_SIZE:
                self._cache.clear()
            self._cache[hashed] = _Lookup(now, caller)
            known_now = Known(caller.account, key_hash, caller.may("act")) if caller else None
            self._remember(hashed, known_now)
        return caller

    def known(self, secret: str, use: Use = "key") -> Known | None:
        """The account of a secret that was valid at its last lookup. It reads memory only.

        The secret may have ended since, so this grants nothing.
        """
        until, known = self._known.get((use, hash_of(secret)), _NOTHING)
        return known if until > time.monotonic() else None

    def valid(self, ids: Collection[str]) -> set[str]:
        """Those of these keys and sessions that have not ended, according to the database."""
        of_keys = select(keys.c.id).where(keys.c.revoked_at.is_(None))
        with self._store.read() as tx:
            of_sessions = _sessions(self._store.now(tx)).with_only_columns(sessions.c.id)
            return {
                *tx.execute(of_keys.where(among(tx, keys.c.id, ids))).scalars(),
                *tx.execute(of_sessions.where(among(tx, sessions.c.id, ids))).scalars(),
            }

    def forget(self, use: Use, hashes: Collection[str]) -> None:
        """Look these secrets up again: they have ended."""
        with self._lock:
            for hashed in hashes:
                self._cache.pop((use, hashed), None)
                self._known.pop((use, hashed), None)

    def forget_webhooks(self) -> None:
        """Look all keys up again: the webhooks of one have changed. Other replicas do so soon."""
        with self._lock:
            self._cache.clear()

    def has_webhook(self, key_id: str, webhook_id: str) -> bool:
        """Whether a key has this enabled webhook, according to the database."""
        with self._store.read() as tx:
            found = tx.execute(_WEBHOOKS, {"_key_id": key_id})
            return webhook_id in {row.id for row in found}

    def bootstrap(self, secret: str | None) -> str | None:
        """Create the first key if it is missing. Returns the key only if it is a random one."""
        with self._store.read() as tx:
            some = tx.execute(select(keys.c.id).limit(1)).first()
        if secret is None and some is not None:
            return None
        random = None if secret else new_secret()
        try:
            new = models.KeyInput(account="admin", scopes=list(ALL_SCOPES), name="bootstrap")
            self._insert(new, secret or random or "")
        except IntegrityError:
            return None  # another replica or an earlier start has created it
        return random

    def create(self, new: models.KeyInput, note: Note = unnoted) -> models.CreatedKey:
        """A new key with its secret."""
        secret = new_secret()
        row = self._insert(new, secret, note)
        return models.CreatedKey(
            id=row["id"],
            account=new.account,
            name=new.name,
            scopes=list(dict.fromkeys(new.scopes)),
            channels=new.channels,
            created_at=rfc3339(row["created_at"]),
            revoked_at=None,
            key=secret,
        )

    def page(self, after: str | None, limit: int) -> list[models.Key]:
        """Keys, newest first, from the one created before `after`."""
        wanted = select(keys).order_by(keys.c.id.desc()).limit(limit)
        if after is not None:
            wanted = wanted.where(keys.c.id < after)
        with self._store.read() as tx:
            rows = tx.execute(wanted).mappings().all()
        return [
            models.Key(
                id=row["id"],
                account=row["account"],
                name=row["name"],
                scopes=row["scopes"].split(),
                channels=row["channels"] and msgspec.json.decode(row["channels"]),
                created_at=rfc3339(row["created_at"]),
                revoked_at=maybe_rfc3339(row["revoked_at"]),
            )
            for row in rows
        ]

    def revoke(
        self,
        key_id: str,
        preconditions: Preconditions = NO_PRECONDITIONS,
        *,
        force: bool = False,
        note: Note = unnoted,
    ) -> None:
        """Revoke a key, and delete its webhooks with their secrets. A second call changes nothing.

        Their deliveries expire.

        Raises:
            Problem: not-found; conflict for the last key with the scope admin, unless `force`.
            PreconditionFailed: keys have no ETag, so no tag matches.
        """
        with self._store.write() as tx:
            now = self._store.now(tx)
            # Locked, so that two requests cannot revoke the last two of them at the same time.
            admins = set(tx.execute(_ADMINS).scalars())
            found = tx.execute(select(keys.c.id).where(keys.c.id == key_id)).first()
            if found is None:
                raise Problem("not-found", "no key has this id")
            preconditions.check(None)
            if admins == {key_id} and not force:
                raise Problem("conflict", _LAST_ADMIN)
            valid = update(keys).where(keys.c.id == key_id, keys.c.revoked_at.is_(None))
            if tx.execute(valid.values(revoked_at=now)).rowcount:
                note(tx, key_id)
            # After the update, which waits for those being created (`Endpoints.create`).
            tx.execute(delete(webhooks).where(webhooks.c.key_id == key_id))
        with self._lock:
            # The sessions of a revoked key end too.
            self._cache.clear()
            self._known.clear()

    def _remember(self, hashed: _Hashed, known: Known | None) -> None:
        self._known.pop(hashed, None)
        if known is None:
            return
        if len(self._known) >= REMEMBERED:
            del self._known[next(iter(self._known))]
        self._known[hashed] = (time.monotonic() + REMEMBERED_FOR, known)

    def _find(self, use: Use, hashed: str) -> tuple[Caller | None, str]:
        """The caller, and the hash of the key."""
        with self._store.read() as tx:
            if use == "key":
                wanted = select(keys).where(keys.c.hash == hashed, keys.c.revoked_at.is_(None))
            else:
                wanted = _sessions(self._store.now(tx)).where(
                    sessions.c.hash == hashed, sessions.c.use == use
                )
            row = tx.execute(wanted).first()
            if row is None:
                return None, ""
            its = tx.execute(_WEBHOOKS, {"_key_id": row.id}).all()
        scopes = frozenset(row.scopes.split())
        # A token stays with its key: no session ends its streams.
        session_id = row.session_id if use == "page" else None
        if use == "stream":
            scopes &= {"read"}
        channels = Channels.stored(row.channels)
        told = tuple(KeyWebhook(each.id, each.always) for each in its)
        return Caller(row.id, row.account, scopes, session_id, channels, webhooks=told), row.hash

    def _insert(self, new: models.KeyInput, secret: str, note: Note = unnoted) -> dict[str, Any]:
        with self._store.write() as tx:
            row = {
                "id": str(uuid7()),
                "account": new.account,
                "name": new.name,
                "hash": hash_of(secret),
                "scopes": " ".join(dict.fromkeys(new.scopes)),
                "channels": new.channels and msgspec.json.encode(new.channels).decode(),
                "created_at": self._store.now(tx),
            }
            tx.execute(insert(keys), [row])
            note(tx, f"{row['id']} of {row['account']}: {row['scopes']}")
        return row


def _sessions(now: int) -> Select[Any]:
    """The keys of the sessions and tokens that have not ended."""
    return (
        select(keys, sessions.c.id.label("session_id"))
        .join(sessions, sessions.c.key_id == keys.c.id)
        .where(keys.c.revoked_at.is_(None), sessions.c.expires_at > now)
    )
