"""Deliveries: rows that wait, are tried, and end. Each is tried until its receiver takes it.

    insert -> unnumbered -> waiting, due -> leased (a try is under way) -> done
                                 ^             | failed, or no outcome within the lease
                                 +-------------+ after the last try: dead

Every transaction that locks an endpoint and its numbered deliveries passes over locked deliveries,
so no two of them wait for each other.
"""

import random
from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from splitflap_core.contracts import WebhookOutcome
from sqlalchemy import ColumnElement, Connection, and_, case, delete, func, or_, select, update
from uuid_utils import uuid7

from splitflap_api.contract.formats import is_id
from splitflap_api.domain.changes import Row
from splitflap_api.domain.webhooks.backlog import OLD, disable_failing, forget_old, is_behind
from splitflap_api.store.bulk import among, update_rows
from splitflap_api.store.schema import IS_UNNUMBERED, deliveries, keys, webhooks

#: The time until the next try after a failed one, with jitter: multiples of the setting
#: WEBHOOK_BACKOFF, whose default is 5 s. All together are a day.
DELAYS = (1, 6, 24, 120, 360, 720, 1440, *(2160,) * 7)
JITTER = (0.75, 1.25)

#: Longest Retry-After of a receiver that counts, in seconds.
MAX_AFTER = 10_800

#: Tries of one endpoint under way at a time; of one whose last try failed.
IN_FLIGHT = 4
IN_FLIGHT_FAILING = 1

#: Milliseconds for which a delivery is kept: after it was done, and otherwise.
KEEP_DONE = 86_400_000
KEEP_DEAD = 30 * 86_400_000

#: Deliveries numbered by one transaction; endpoints served by one.
NUMBERED = 500
SERVED = 50

#: Reasons for which the scraper has not asked the receiver: waiting is no try.
WAITED = frozenset({"busy"})

#: The status of a receiver that wants no more webhooks.
GONE = 410


class Pace(NamedTuple):
    """The settings WEBHOOK_BACKOFF and WEBHOOK_LEASE, in seconds."""

    #: From the first try to the second one.
    backoff: float
    #: The time within which the outcome of a try must arrive.
    lease: float


def new_row(webhook_id: str, task_id: str | None, event: str, data: str, now: int) -> Row:
    """A delivery to be inserted. It is unnumbered, so no endpoint is locked for it."""
    return {
        "id": str(uuid7()),
        "webhook_id": webhook_id,
        "task_id": task_id,
        "event": event,
        "data": data,
        "state": "waiting",
        "attempt": 1,
        "created_at": now,
        "expires_at": now + KEEP_DEAD,
    }


class Wants(NamedTuple):
    """The events that an endpoint wants, and whether many deliveries wait for it."""

    events: frozenset[str] = frozenset()
    is_behind: bool = False


def wanting(tx: Connection, webhook_ids: Iterable[str]) -> defaultdict[str, Wants]:
    """What each of these endpoints wants: nothing, if it is disabled or its key is revoked."""
    rows = tx.execute(
        select(webhooks.c.id, webhooks.c.events, is_behind().label("is_behind"))
        .join(keys, keys.c.id == webhooks.c.key_id)
        .where(among(tx, webhooks.c.id, set(webhook_ids)), IS_SERVED)
    )
    found = {row.id: Wants(frozenset(row.events.split()), row.is_behind) for row in rows}
    return defaultdict(Wants, found)


def number(tx: Connection, now: int) -> int:
    """Number the next deliveries, each within its endpoint, and make them due. Return the count.

    Older ones of these endpoints that are too many are deleted.
    """
    wanted = select(deliveries.c.id, deliveries.c.webhook_id).where(IS_UNNUMBERED)
    found = tx.execute(
        wanted.order_by(deliveries.c.created_at).limit(NUMBERED).with_for_update(skip_locked=True)
    ).all()
    if not found:
        return 0
    locked = select(webhooks.c.id, webhooks.c.sequence, webhooks.c.dropped)
    endpoints = tx.execute(
        locked.where(among(tx, webhooks.c.id, {row.webhook_id for row in found}))
        .order_by(webhooks.c.id)
        .with_for_update()
    ).all()
    last: dict[str, int] = {row.id: row.sequence for row in endpoints}
    numbered = []
    for row in found:
        if row.webhook_id in last:
            last[row.webhook_id] += 1
            numbered.append({"id": row.id, "sequence": last[row.webhook_id], "due_at": now})
    update_rows(tx, deliveries, ("id",), numbered)
    more = forget_old(tx, last)
    counted = [
        {"id": row.id, "sequence": last[row.id], "dropped": row.dropped + more[row.id]}
        for row in endpoints
    ]
    update_rows(tx, webhooks, ("id",), counted)
    if deleted := {row.id for row in found if row.webhook_id not in last}:
        tx.execute(delete(deliveries).where(among(tx, deliveries.c.id, deleted)))
    return len(found)


def claim(tx: Connection, now: int, room: int, after: str, pace: Pace) -> tuple[list[Row], str]:
    """Lease due deliveries, a few of each endpoint, from the endpoint after `after` on.

    `room` is the number of tries that may be under way, of all endpoints. Returns the leased
    deliveries with the columns of their endpoints, and the last endpoint that had a turn.
    """
    leased = select(func.count()).where(deliveries.c.leased_until > now)
    room -= tx.execute(leased).scalar_one()
    claimed: list[Row] = []
    for endpoint in _served(tx, now, after):
        if room <= 0:
            break
        after = endpoint["id"]
        if _end_lost(tx, now, endpoint["id"], pace):
            endpoint["failures"] += 1
        rows = _lease(tx, now, endpoint, room, pace)
        room -= len(rows)
        claimed += [{**_of(endpoint, now), **row} for row in rows]
    else:
        after = "" if after else after
    return claimed, after


def give_back(tx: Connection, ids: Iterable[str], now: int) -> None:
    """Make leased deliveries due again that the broker has not taken. It is no try."""
    tx.execute(
        update(deliveries)
        .where(among(tx, deliveries.c.id, set(ids)), deliveries.c.leased_until.is_not(None))
        .values(leased_until=None, due_at=now)
    )


def apply(
    tx: Connection, outcomes: Sequence[WebhookOutcome], now: int, pace: Pace
) -> dict[str, list[str]]:
    """End these tries. Return the ids of the deliveries, by what happened to each."""
    by_id: dict[str, WebhookOutcome] = {}
    for each in outcomes:
        # Two tries of one delivery may end together. One that arrived counts.
        if is_id(each.id) and (each.id not in by_id or _has_arrived(each)):
            by_id[each.id] = each
    found = tx.execute(
        select(deliveries)
        .where(among(tx, deliveries.c.id, by_id), deliveries.c.state == "waiting")
        .order_by(deliveries.c.id)
        .with_for_update()
    ).mappings()
    ended = _Ended(pace)
    for row in found:
        ended.note(dict(row), by_id[row["id"]], now)
    ended.write(tx, now)
    return ended.words


class _Ended:
    """The ends of several tries, gathered and then written."""

    def __init__(self, pace: Pace) -> None:
        self._pace = pace
        self._rows: list[Row] = []
        #: Endpoints at which a try has arrived, or failed, or failed for an old delivery.
        self._arrived: set[str] = set()
        self._failed: set[str] = set()
        self._old: set[str] = set()
        self._gone: set[str] = set()
        self.words: dict[str, list[str]] = {}

    def note(self, row: Row, outcome: WebhookOutcome, now: int) -> None:
        if _has_arrived(outcome):
            self._end(row, outcome, "done", now + KEEP_DONE)
            self._arrived.add(row["webhook_id"])
        elif outcome.attempt != row["attempt"]:
            self.words.setdefault("dropped", []).append(row["id"])
        elif outcome.reason in WAITED:
            self._again(row, outcome, row["attempt"], outcome.after or 1.0, now)
        else:
            self._fail(row, outcome, now)

    def _fail(self, row: Row, outcome: WebhookOutcome, now: int) -> None:
        self._failed.add(row["webhook_id"])
        if row["created_at"] <= now - OLD:
            self._old.add(row["webhook_id"])
        if outcome.status == GONE:
            self._gone.add(row["webhook_id"])
        delay = _delay_after(row["attempt"], self._pace)
        if delay is None or outcome.status == GONE:
            self._end(row, outcome, "dead", now + KEEP_DEAD)
        else:
            after = max(delay, min(outcome.after or 0.0, MAX_AFTER))
            self._again(row, outcome, row["attempt"] + 1, after, now)

    def _again(
        self, row: Row, outcome: WebhookOutcome, attempt: int, after: float, now: int
    ) -> None:
        word = "waited" if attempt == row["attempt"] else "retried"
        self._add(row, outcome, word, attempt=attempt, due_at=now + int(after * 1000))

    def _end(self, row: Row, outcome: WebhookOutcome, state: str, expires_at: int) -> None:
        self._add(row, outcome, state, state=state, due_at=None, expires_at=expires_at)

    def _add(self, row: Row, outcome: WebhookOutcome, word: str, **values: Any) -> None:
        same = {name: row[name] for name in ("id", "state", "attempt", "due_at", "expires_at")}
        how = {"status": outcome.status, "reason": outcome.reason, "leased_until": None}
        self._rows.append({**same, **how, **values})
        self.words.setdefault(word, []).append(row["id"])

    def write(self, tx: Connection, now: int) -> None:
        update_rows(tx, deliveries, ("id",), self._rows)
        if self._arrived:
            of = and_(among(tx, webhooks.c.id, self._arrived), webhooks.c.failures > 0)
            tx.execute(update(webhooks).where(of).values(failures=0, failing_since=None))
        if self._failed:
            since = func.coalesce(webhooks.c.failing_since, now)
            more = {"failures": webhooks.c.failures + 1, "failing_since": since}
            tx.execute(update(webhooks).where(among(tx, webhooks.c.id, self._failed)).values(more))
        if self._old:
            disable_failing(tx, self._old, now)
        if self._gone:
            of = and_(among(tx, webhooks.c.id, self._gone), webhooks.c.disabled_at.is_(None))
            tx.execute(update(webhooks).where(of).values(disabled_at=now, disabled_by="gone"))


def _has_arrived(outcome: WebhookOutcome) -> bool:
    return outcome.status is not None and 200 <= outcome.status < 300  # noqa: PLR2004 - success


def _delay_after(attempt: int, pace: Pace) -> float | None:
    """The seconds until the try after this one failed, with jitter; None after the last one."""
    if attempt > len(DELAYS):
        return None
    return pace.backoff * DELAYS[attempt - 1] * random.uniform(*JITTER)  # noqa: S311 - jitter


def limit_times(tx: Connection, now: int, pace: Pace) -> None:
    """Bound the times in the future, after the database's clock was set back."""
    lease, longest = int(pace.lease * 1000), pace.backoff * JITTER[1] * 1000
    latest = case(
        *[
            (deliveries.c.attempt == attempt + 2, now + int(delay * longest))
            for attempt, delay in enumerate(DELAYS)
        ],
        else_=now + lease,
    )
    is_late = and_(deliveries.c.due_at > latest, deliveries.c.leased_until.is_(None))
    tx.execute(update(deliveries).where(is_late).values(due_at=now))
    is_leased = deliveries.c.leased_until > now + lease
    tx.execute(update(deliveries).where(is_leased).values(due_at=now, leased_until=now))


def leave_tries(tx: Connection, endpoint: ColumnElement[bool], url: str, now: int) -> None:
    """Forget the tries under way of an endpoint that gets another URL, or is enabled again.

    The old receiver's answer to them, such as 410, says nothing of the new one. They are locked
    before the endpoint, as at their ends.
    """
    is_other = and_(endpoint, or_(webhooks.c.url != url, webhooks.c.disabled_at.is_not(None)))
    of_it = deliveries.c.webhook_id.in_(select(webhooks.c.id).where(is_other))
    under_way = and_(of_it, deliveries.c.leased_until.is_not(None))
    again = {"attempt": deliveries.c.attempt + 1, "leased_until": None, "due_at": now}
    tx.execute(update(deliveries).where(under_way).values(again))


def replay(tx: Connection, webhook_id: str, ids: Sequence[str] | None, limit: int, now: int) -> int:
    """Make dead deliveries of an endpoint due again: these, or the oldest. Return the count."""
    is_dead = and_(deliveries.c.webhook_id == webhook_id, deliveries.c.state == "dead")
    if ids is not None:
        is_dead = and_(is_dead, among(tx, deliveries.c.id, ids))
    some = select(deliveries.c.id).where(is_dead).order_by(deliveries.c.id).limit(limit)
    found = list(tx.execute(some.with_for_update(skip_locked=True)).scalars())
    if found:
        again = {"state": "waiting", "attempt": 1, "due_at": now, "expires_at": now + KEEP_DEAD}
        tx.execute(update(deliveries).where(among(tx, deliveries.c.id, found)).values(again))
    return len(found)


def _served(tx: Connection, now: int, after: str) -> list[Row]:
    """The next endpoints with due deliveries, locked. Other replicas serve those locked by them."""
    some = (
        select(webhooks)
        .join(keys, keys.c.id == webhooks.c.key_id)
        .where(IS_SERVED, has_due(now))
        .order_by(webhooks.c.id)
        .limit(SERVED)
        .with_for_update(of=webhooks, skip_locked=True)
    )
    if after:
        some = some.where(webhooks.c.id > after)
    return [dict(row) for row in tx.execute(some).mappings()]


def has_due(now: Any) -> Any:
    """The condition that an endpoint has due deliveries at `now`, a time or a parameter.

    It reads one entry of an index for each endpoint, whatever the statistics say: PostgreSQL may
    make a join of `EXISTS`.
    """
    first = select(func.min(deliveries.c.due_at)).where(deliveries.c.webhook_id == webhooks.c.id)
    return first.correlate(webhooks).scalar_subquery() <= now


def count_due(tx: Connection, now: int, most: int) -> int:
    """The number of due deliveries of endpoints that are served, `most` at most.

    The endpoints come first: a disabled one may have many due rows, which are not read.
    """
    wanted = select(webhooks.c.id).join(keys, keys.c.id == webhooks.c.key_id)
    served = tx.execute(wanted.where(IS_SERVED, has_due(now)).limit(most)).scalars().all()
    is_due = and_(among(tx, deliveries.c.webhook_id, served), deliveries.c.due_at <= now)
    some = select(deliveries.c.due_at).where(is_due).limit(most)
    return int(tx.execute(select(func.count()).select_from(some.subquery())).scalar_one())


def _lease(tx: Connection, now: int, endpoint: Row, room: int, pace: Pace) -> list[Row]:
    """Lease the next due deliveries of a locked endpoint."""
    own = deliveries.c.webhook_id == endpoint["id"]
    leased = select(func.count()).where(own, deliveries.c.leased_until.is_not(None))
    most = IN_FLIGHT_FAILING if endpoint["failures"] else IN_FLIGHT
    free = min(most - tx.execute(leased).scalar_one(), room)
    if free <= 0:
        return []
    is_due = and_(own, deliveries.c.due_at <= now, deliveries.c.leased_until.is_(None))
    some = select(deliveries).where(is_due).order_by(deliveries.c.due_at).limit(free)
    found = tx.execute(some.with_for_update(skip_locked=True)).mappings()
    claimed = [dict(row) for row in found]
    until = now + int(pace.lease * 1000)
    leases = [{"id": row["id"], "due_at": until, "leased_until": until} for row in claimed]
    update_rows(tx, deliveries, ("id",), leases)
    return claimed


def _end_lost(tx: Connection, now: int, webhook_id: str, pace: Pace) -> bool:
    """End the tries of an endpoint whose leases have ended, as failed ones.

    Returns whether there were any. A message that kills the scraper is tried again as rarely as one
    that its receiver refuses.
    """
    is_lost = and_(deliveries.c.webhook_id == webhook_id, deliveries.c.leased_until <= now)
    lost = select(deliveries.c.id, deliveries.c.attempt).where(is_lost)
    found = tx.execute(lost.limit(NUMBERED).with_for_update(skip_locked=True)).all()
    if found:
        lost_ones = [WebhookOutcome(row.id, row.attempt, 0.0, reason="lost") for row in found]
        apply(tx, lost_ones, now, pace)
    return bool(found)


def _of(endpoint: Row, now: int) -> Row:
    secrets = [endpoint["secret"]]
    if endpoint["old_secret"] and endpoint["old_secret_until"] > now:
        secrets.append(endpoint["old_secret"])
    return {"url": endpoint["url"], "secrets": secrets}


#: Endpoints that are told.
IS_SERVED = and_(webhooks.c.disabled_at.is_(None), keys.c.revoked_at.is_(None))
