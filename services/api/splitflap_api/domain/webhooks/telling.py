"""What webhooks are told: the ends of tasks and of previews, as the `data` of their bodies.

The row of an ended task is the outbox: `tasks.webhook_ids` says who must still be told. So the
transaction that ends a task does no more for a webhook, and a task that a replica of an earlier
release ends is told too.
"""

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

import msgspec
from sqlalchemy import Connection, select, update

from asyncrequest import TaskGone, TaskState
from splitflap_api.contract.formats import rfc3339
from splitflap_api.contract.paths import PREFIX
from splitflap_api.domain.changes import Row
from splitflap_api.domain.task_state import bounded, state_of
from splitflap_api.domain.webhooks.deliveries import new_row, wanting
from splitflap_api.store.bulk import among, insert_rows
from splitflap_api.store.schema import IS_UNTOLD, deliveries, tasks

#: Ended tasks told by one transaction.
BATCH = 100

#: Bytes of the largest final response in a body. Receivers read a larger one at its URL.
MAX_RESPONSE = 16_384

_BOUNDED = bounded(MAX_RESPONSE)


def tell_ended(tx: Connection, now: int) -> int:
    """Insert the deliveries of the next ended tasks. Return the number of these tasks."""
    some = select(tasks.c.id, tasks.c.webhook_ids).where(IS_UNTOLD)
    # The order of the partial index: PostgreSQL would look for ids in all tasks.
    some = some.order_by(tasks.c.webhook_ids)
    found = tx.execute(some.limit(BATCH).with_for_update(skip_locked=True)).all()
    if not found:
        return 0
    named = {row.id: row.webhook_ids.split() for row in found}
    wanted = wanting(tx, {each for ids in named.values() for each in ids})
    rows = tx.execute(_BOUNDED.where(among(tx, tasks.c.id, named))).mappings()
    made = [
        new_row(webhook_id, row["id"], event, data[wanted[webhook_id].is_behind], now)
        for row in rows
        if (told := _of_task(row)) is not None
        for event, data in [told]
        for webhook_id in named[row["id"]]
        if event in wanted[webhook_id].events
    ]
    insert_rows(tx, deliveries, made)
    tx.execute(update(tasks).where(among(tx, tasks.c.id, named)).values(webhook_ids=None))
    return len(found)


def of_previews(tx: Connection, ended: Sequence[tuple[Row, Row]], now: int) -> list[Row]:
    """The deliveries of previews that have ended: pairs of a task's row and an event's data."""
    told = [(task, data) for task, data in ended if task.get("webhook_ids")]
    if not told:
        return []
    wanted = wanting(tx, {each for task, _ in told for each in task["webhook_ids"].split()})
    return [
        new_row(webhook_id, task["id"], "preview", _json({"task": task["id"], **data}), now)
        for task, data in told
        for webhook_id in task["webhook_ids"].split()
        if "preview" in wanted[webhook_id].events
    ]


def body_of(delivery: Row) -> str:
    """The body of a delivery: the same at every try."""
    head = {
        "type": delivery["event"],
        "timestamp": rfc3339(delivery["created_at"]),
        "webhook": delivery["webhook_id"],
        "sequence": delivery["sequence"],
    }
    return _json({**head, "data": msgspec.Raw(delivery["data"].encode())})


def _of_task(row: Any) -> tuple[str, tuple[str, str]] | None:
    """The event of an ended task, and its data with the response and without it.

    None for a cancelled one.
    """
    if row["status"] is None:
        return None
    is_failed = row["status"] >= HTTPStatus.BAD_REQUEST
    data = {
        "task": row["id"],
        "account": row["account"],
        "url": f"{PREFIX}/tasks/{row['id']}",
        "status": row["status"],
    }
    both = (_json({**data, "response": each}) for each in (_response_of(row), None))
    with_response, without = both
    return "task.failed" if is_failed else "task.done", (with_response, without)


def _response_of(row: Any) -> msgspec.Raw | None:
    """The body of a small final response, which is JSON; None for one that must be fetched."""
    try:
        state = state_of(row)
    except TaskGone:
        return None
    if not isinstance(state, TaskState) or state.final is None:
        return None
    return msgspec.Raw(state.final.body)


def _json(value: Any) -> str:
    return msgspec.json.encode(value).decode()
