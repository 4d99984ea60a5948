"""The audit: which operator changed what, and when."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Connection, insert, select
from uuid_utils import uuid7

from splitflap_api.contract.formats import rfc3339
from splitflap_api.contract.status_models import AuditEntry
from splitflap_api.store.schema import audit

#: Longest detail in the table, in characters: the ids of 100 dead letters and some words.
MAX_DETAIL = 4_000


@dataclass(frozen=True)
class Deed:
    """A change by a caller."""

    account: str
    key_id: str
    session_id: str | None
    action: str
    detail: str


#: Adds the row of a change to the transaction of the change. It gets the detail.
Note = Callable[[Connection, str], None]


def unnoted(_tx: Connection, _detail: str) -> None:
    """For a change that no caller made."""


def write(tx: Connection, deed: Deed, now: int) -> None:
    """Add a row."""
    row = {
        "id": str(uuid7()),
        "at": now,
        "account": deed.account,
        "key_id": deed.key_id,
        "session_id": deed.session_id,
        "action": deed.action,
        "detail": deed.detail[:MAX_DETAIL],
    }
    tx.execute(insert(audit), [row])


def page(tx: Connection, after: str | None, limit: int) -> list[AuditEntry]:
    """Changes, newest first, from the one before `after`."""
    wanted = select(audit).order_by(audit.c.id.desc()).limit(limit)
    if after is not None:
        wanted = wanted.where(audit.c.id < after)
    return [
        AuditEntry(
            id=row["id"],
            at=rfc3339(row["at"]),
            account=row["account"],
            key_id=row["key_id"],
            session_id=row["session_id"],
            action=row["action"],
            detail=row["detail"],
        )
        for row in tx.execute(wanted).mappings()
    ]
