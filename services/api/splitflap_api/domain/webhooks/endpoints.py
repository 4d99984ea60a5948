"""The webhooks of keys: created, changed, their secrets rotated, tested, deleted."""

from collections.abc import Sequence
from typing import Any

import msgspec
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.receivers import receiver_url
from splitflap_core.urls.web_url import BadUrl
from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, select, update
from uuid_utils import uuid7

from splitflap_api.contract.formats import maybe_rfc3339, rfc3339
from splitflap_api.contract.problems import Problem, invalid, unauthorized
from splitflap_api.contract.webhooks.models import (
    MOST_WEBHOOKS,
    CreatedWebhook,
    Delivery,
    DeliveryQuery,
    Webhook,
    WebhookInput,
    stored,
)
from splitflap_api.domain.webhooks import deliveries as rows
from splitflap_api.domain.webhooks.backlog import WAITING
from splitflap_api.domain.webhooks.signing import KEEP_OLD, new_secret
from splitflap_api.store.schema import deliveries, keys, webhooks

#: The event of a test. A webhook is told of it whatever it wants.
TEST = "webhook.test"


class Endpoints:
    """The webhooks of one key, within one transaction."""

    def __init__(self, tx: Connection, key_id: str, now: int, rules: AddressRules) -> None:
        """`rules` decide which URLs a webhook may have."""
        self._tx = tx
        self._key_id = key_id
        self._now = now
        self._rules = rules

    def create(self, new: WebhookInput) -> CreatedWebhook:
        """A new webhook with its secret.

        Raises:
            Problem: invalid, for a URL that the scraper would refuse; conflict for too many;
                unauthorized, if the key has been revoked meanwhile.
        """
        # Two webhooks that are created together are counted one after the other.
        # None is created after the revocation of the key, which deletes them.
        valid = select(keys.c.id).where(keys.c.id == self._key_id, keys.c.revoked_at.is_(None))
        if self._tx.execute(valid.with_for_update()).first() is None:
            raise unauthorized("the key is revoked", "invalid_token")
        count = select(func.count()).where(webhooks.c.key_id == self._key_id)
        if self._tx.execute(count).scalar_one() >= MOST_WEBHOOKS:
            raise Problem("conflict", f"the key has {MOST_WEBHOOKS} webhooks; delete one first")
        row = {
            "id": str(uuid7()),
            "key_id": self._key_id,
            "secret": new_secret(),
            "failures": 0,
            "failing_since": None,
            "waiting": 0,
            "dropped": 0,
            "created_at": self._now,
            "disabled_at": None,
            "disabled_by": None,
            **self._values(new),
        }
        self._tx.execute(insert(webhooks), [row])
        return _with_secret(row)

    def page(self, after: str | None, limit: int) -> list[Webhook]:
        """Webhooks, newest first, from the one created before `after`."""
        wanted = _WITH_WAITING.where(webhooks.c.key_id == self._key_id)
        if after is not None:
            wanted = wanted.where(webhooks.c.id < after)
        found = self._tx.execute(wanted.order_by(webhooks.c.id.desc()).limit(limit)).mappings()
        return [_shown(row) for row in found]

    def show(self, webhook_id: str) -> Webhook:
        """A webhook. Raises Problem not-found, as all methods with an id."""
        return _shown(self._row(webhook_id))

    def change(self, webhook_id: str, new: WebhookInput) -> Webhook:
        """Replace the values of a webhook. Its secret stays."""
        values = self._values(new)
        rows.leave_tries(self._tx, self._is_own(webhook_id), values["url"], self._now)
        row = self._row(webhook_id, lock=True)
        if new.disabled and row["disabled_at"] is not None:
            values |= {name: row[name] for name in ("disabled_at", "disabled_by")}
        if row["disabled_at"] is not None or row["url"] != values["url"]:
            values |= {"failing_since": None}
        self._tx.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))
        return _shown({**row, **values})

    def rotate(self, webhook_id: str) -> CreatedWebhook:
        """Give a webhook a new secret. The present one signs too, for a day."""
        row = self._row(webhook_id, lock=True)
        values = {
            "secret": new_secret(),
            "old_secret": row["secret"],
            "old_secret_until": self._now + KEEP_OLD,
        }
        self._tx.execute(update(webhooks).where(webhooks.c.id == webhook_id).values(values))
        return _with_secret({**row, **values})

    def test(self, webhook_id: str) -> Delivery:
        """Send a test to a webhook."""
        if self._row(webhook_id)["disabled_at"] is not None:
            raise Problem("conflict", "the webhook is disabled")
        data = msgspec.json.encode({"webhook": webhook_id}).decode()
        row = rows.new_row(webhook_id, None, TEST, data, self._now)
        self._tx.execute(insert(deliveries), [row])
        return _shown_delivery({**_NEW, **row})

    def delete(self, webhook_id: str) -> None:
        """Delete a webhook with its deliveries: first these, as the ends of tries lock them."""
        self._row(webhook_id)
        its = delete(deliveries).where(deliveries.c.webhook_id == webhook_id)
        self._tx.execute(its)
        self._tx.execute(delete(webhooks).where(webhooks.c.id == webhook_id))
        self._tx.execute(its)  # those that were inserted meanwhile

    def deliveries(
        self, webhook_id: str, query: DeliveryQuery, after: str | None
    ) -> list[Delivery]:
        """Deliveries of a webhook, newest first, one more than the query's limit."""
        self._row(webhook_id)
        wanted = select(deliveries).where(deliveries.c.webhook_id == webhook_id)
        if query.state:
            wanted = wanted.where(deliveries.c.state == query.state)
        if after is not None:
            wanted = wanted.where(deliveries.c.id < after)
        page = wanted.order_by(deliveries.c.id.desc()).limit(query.limit + 1)
        return [_shown_delivery(row) for row in self._tx.execute(page).mappings()]

    def replay(self, webhook_id: str, ids: Sequence[str] | None, limit: int) -> int:
        """Send dead deliveries of a webhook again. Return their number."""
        self._row(webhook_id)
        return rows.replay(self._tx, webhook_id, ids, limit, self._now)

    def _values(self, new: WebhookInput) -> dict[str, Any]:
        try:
            url = receiver_url(new.url, self._rules)
        except BadUrl as error:
            raise invalid("url", f"expected a URL that this service may reach: {error}") from error
        return {
            "url": url,
            "events": stored(new.events),
            "always": new.always,
            "disabled_at": self._now if new.disabled else None,
            "disabled_by": "owner" if new.disabled else None,
        }

    def _is_own(self, webhook_id: str) -> ColumnElement[bool]:
        return and_(webhooks.c.id == webhook_id, webhooks.c.key_id == self._key_id)

    def _row(self, webhook_id: str, *, lock: bool = False) -> Any:
        wanted = _WITH_WAITING.where(self._is_own(webhook_id))
        found = self._tx.execute(wanted.with_for_update() if lock else wanted).mappings().first()
        if found is None:
            raise Problem("not-found", "no webhook of the key has this id")
        return dict(found)


#: The columns that a new delivery has not yet.
_NEW = dict.fromkeys(("sequence", "status", "reason", "due_at"))

_WITH_WAITING = select(webhooks, WAITING.label("waiting"))


def _shown(row: Any) -> Webhook:
    return Webhook(**_members(row))


def _with_secret(row: Any) -> CreatedWebhook:
    return CreatedWebhook(**_members(row), secret=row["secret"])


def _members(row: Any) -> dict[str, Any]:
    return {
        "id": row["id"],
        "url": row["url"],
        "events": row["events"].split(),
        "always": row["always"],
        "created_at": rfc3339(row["created_at"]),
        "disabled_at": maybe_rfc3339(row["disabled_at"]),
        "disabled_by": row["disabled_by"],
        "failures": row["failures"],
        "failing_since": maybe_rfc3339(row["failing_since"]),
        "waiting": row["waiting"],
        "dropped": row["dropped"],
    }


def _shown_delivery(row: Any) -> Delivery:
    return Delivery(
        id=row["id"],
        event=row["event"],
        task=row["task_id"],
        sequence=row["sequence"],
        state=row["state"],
        attempt=row["attempt"],
        status=row["status"],
        reason=row["reason"],
        created_at=rfc3339(row["created_at"]),
        next_at=maybe_rfc3339(row["due_at"]),
    )
