"""Sessions of browsers and tokens for event streams: secrets that stand for a key for a while.

A session's secret is a cookie that no script can read. A token stands in an address, because a
browser's EventSource sends no header. Both end with their key.
"""

import logging
import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Select, delete, insert, select
from uuid_utils import uuid7

from asyncrequest import NO_PRECONDITIONS, Preconditions
from splitflap_api.contract.access import models
from splitflap_api.contract.access.credentials import Use
from splitflap_api.contract.formats import rfc3339
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.access.keys import Caller, Keyring, hash_of
from splitflap_api.domain.operator.audit import Note, unnoted
from splitflap_api.store.engine import Store
from splitflap_api.store.schema import keys, sessions

logger = logging.getLogger(__name__)

#: Seconds until the end: a week between two sign-ins, and five minutes to open a stream.
LIFETIME: dict[Use, int] = {"page": 7 * 86_400, "stream": 300}

#: Sessions and tokens of one key. A new one beyond this number ends the oldest.
MOST: dict[Use, int] = {"page": 100, "stream": 1_000}

#: Beginnings of secrets, for people and for scanners of leaked secrets.
_PREFIXES: dict[Use, str] = {"page": "sfs_", "stream": "sft_"}

#: Characters of a User-Agent that are kept.
MAX_USER_AGENT = 200


class Sessions:
    """The sessions and tokens in the database."""

    def __init__(self, store: Store, keyring: Keyring) -> None:
        self._store = store
        self._keyring = keyring

    def begin(self, caller: Caller, user_agent: str) -> tuple[models.Session, str]:
        """A new session of the caller's key, with its secret."""
        with self._store.write() as tx:
            secret, row = self._insert(tx, caller, "page", user_agent[:MAX_USER_AGENT])
        logger.info("session: begun", extra=_fields(row))
        own = replace(caller, session_id=row["id"])
        return _shown({**row, "scopes": " ".join(sorted(caller.scopes))}, own), secret

    def new_token(self, caller: Caller) -> models.StreamToken:
        """A token for event streams of the caller's key."""
        with self._store.write() as tx:
            token, row = self._insert(tx, caller, "stream", "")
        return models.StreamToken(token, rfc3339(row["expires_at"]))

    def page(self, caller: Caller, after: str | None, limit: int) -> list[models.Session]:
        """The sessions of the caller's account, newest first, from the one begun before `after`."""
        with self._store.read() as tx:
            wanted = self._of_account(tx, caller).order_by(sessions.c.id.desc()).limit(limit)
            if after is not None:
                wanted = wanted.where(sessions.c.id < after)
            rows = tx.execute(wanted).mappings().all()
        return [_shown(dict(row), caller) for row in rows]

    def present(self, caller: Caller) -> models.Session:
        """The session that the request came with.

        Raises:
            Problem: not-found, for a request without a cookie.
        """
        with self._store.read() as tx:
            return _shown(self._one(tx, caller, caller.session_id), caller)

    def end(
        self,
        caller: Caller,
        session_id: str | None,
        preconditions: Preconditions = NO_PRECONDITIONS,
        note: Note = unnoted,
    ) -> None:
        """End a session of the caller's account. Every end before the expiry comes here.

        Raises:
            Problem: not-found; forbidden for a session of another key, if the caller may not write.
            PreconditionFailed: sessions have no ETag, so no tag matches.
        """
        with self._store.write() as tx:
            row = self._one(tx, caller, session_id)
            preconditions.check(None)
            if row["key_id"] != caller.key_id and not caller.scopes & {"write", "admin"}:
                raise Problem("forbidden", "ending a session of another key needs the scope write")
            tx.execute(delete(sessions).where(sessions.c.id == row["id"]))
            note(tx, row["id"])
        self._keyring.forget("page", [row["hash"]])

    def _insert(
        self, tx: Connection, caller: Caller, use: Use, user_agent: str
    ) -> tuple[str, dict[str, Any]]:
        now = self._store.now(tx)
        secret = _PREFIXES[use] + secrets.token_urlsafe(32)
        row = {
            "id": str(uuid7()),
            "hash": hash_of(secret),
            "key_id": caller.key_id,
            "use": use,
            "user_agent": user_agent,
            "created_at": now,
            "expires_at": now + 1000 * LIFETIME[use],
        }
        tx.execute(insert(sessions), [row])
        of_key = select(sessions.c.id).where(
            sessions.c.key_id == caller.key_id, sessions.c.use == use
        )
        excess = of_key.order_by(sessions.c.id.desc()).offset(MOST[use])
        tx.execute(delete(sessions).where(sessions.c.id.in_(excess)))
        return secret, row

    def _one(self, tx: Connection, caller: Caller, session_id: str | None) -> dict[str, Any]:
        if session_id is None:
            raise Problem("not-found", "the request has no session")
        wanted = self._of_account(tx, caller).where(sessions.c.id == session_id)
        row = tx.execute(wanted).mappings().first()
        if row is None:
            raise Problem("not-found", "no session has this id")
        return dict(row)

    def _of_account(self, tx: Connection, caller: Caller) -> Select[Any]:
        return (
            select(sessions, keys.c.account, keys.c.scopes)
            .join(keys, keys.c.id == sessions.c.key_id)
            .where(
                keys.c.account == caller.account,
                keys.c.revoked_at.is_(None),
                sessions.c.use == "page",
                sessions.c.expires_at > self._store.now(tx),
            )
        )


def _shown(row: Mapping[str, Any], caller: Caller) -> models.Session:
    return models.Session(
        id=row["id"],
        account=caller.account,
        scopes=row["scopes"].split(),
        key_id=row["key_id"],
        created_at=rfc3339(row["created_at"]),
        expires_at=rfc3339(row["expires_at"]),
        user_agent=row["user_agent"],
        current=row["id"] == caller.session_id,
    )


def _fields(row: Mapping[str, Any]) -> dict[str, str]:
    return {"session_id": row["id"], "key_id": row["key_id"]}
