"""A rig with webhooks: what is claimed would be sent, and a test says how each try ends."""

from typing import Any

import msgspec
from splitflap_api.contract.models import PostInput
from splitflap_api.contract.webhooks.models import WebhookInput
from splitflap_api.domain.access.keys import Keyring
from splitflap_api.domain.commands import Telling
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.webhooks.deliveries import Pace
from splitflap_api.domain.webhooks.endpoints import Endpoints
from splitflap_api.loops.webhooks.webhooks import request_of
from splitflap_api.settings import ApiSettings
from splitflap_api.store import schema
from splitflap_api.transactions.webhooks import WebhookTransactions
from splitflap_core.contracts import WebhookOutcome
from splitflap_core.urls.addresses import PUBLIC_ONLY
from sqlalchemy import update

from asyncrequest import TaskState
from tests.unit.api.rig import Rig, Row

URL = "https://app.example/hook"

#: The defaults.
PACE = Pace(ApiSettings().webhook_backoff, ApiSettings().webhook_lease)


class Hooks:
    """The webhooks of one key, on a rig."""

    def __init__(self, rig: Rig) -> None:
        self.rig = rig
        self.transactions = WebhookTransactions(rig.store, PACE)
        self.keyring = Keyring(rig.store)
        self.keyring.bootstrap("a key for webhooks")
        self.key_id = rig.rows("keys")[0]["id"]
        #: The endpoint that had the last turn.
        self.after = ""

    def do(self, verb: str, *arguments: Any) -> Any:
        """Call a method of Endpoints in a transaction."""
        with self.rig.store.write() as tx:
            now = self.rig.store.now(tx)
            return getattr(Endpoints(tx, self.key_id, now, PUBLIC_ONLY), verb)(*arguments)

    def create(self, url: str = URL, **more: Any) -> Any:
        """Create a webhook."""
        return self.do("create", WebhookInput(url, **more))

    def post(self, *hooks: Any, text: str = "hello") -> TaskState:
        """Accept a post whose end these webhooks are told."""
        command = CreatePost(PostInput(text))
        told = Telling(command, tuple(each.id for each in hooks))
        return self.rig.accept(told)

    def finished(self, *hooks: Any, count: int = 1) -> list[TaskState]:
        """Accept posts, and end their tasks."""
        states = [self.post(*hooks) for _ in range(count)]
        for state in states:
            self.rig.rendered(self.rig.job(state))
        return states

    def tell(self) -> None:
        """Tell and number all."""
        while self.transactions.tell():
            pass
        while self.transactions.number():
            pass

    def claim(self, room: int = 100) -> list[Row]:
        """Lease the next deliveries."""
        rows, self.after = self.transactions.claim(room, self.after)
        return rows

    def told(self) -> list[Row]:
        """Tell all, and lease the first deliveries."""
        self.tell()
        return self.claim()

    def end(self, *rows: Row, status: int | None = 204, **more: Any) -> dict[str, list[str]]:
        """End these tries."""
        outcomes = [
            WebhookOutcome(row["id"], row["attempt"], 0.1, status=status, **more) for row in rows
        ]
        return self.transactions.apply(outcomes)

    def end_together(self, *ends: tuple[Row, int]) -> None:
        """End tries with these statuses in one transaction."""
        outcomes = [WebhookOutcome(row["id"], row["attempt"], 0.1, status=s) for row, s in ends]
        self.transactions.apply(outcomes)

    def rows(self, **where: Any) -> list[Row]:
        """Deliveries."""
        return self.rig.rows("deliveries", **where)

    def pass_time(self) -> None:
        """Make every waiting try due, and let every lease end."""
        with self.rig.store.write() as tx:
            table = schema.deliveries
            tx.execute(update(table).where(table.c.leased_until > 1).values(leased_until=1))
            tx.execute(update(table).where(table.c.due_at > 1).values(due_at=1))


def body(row: Row) -> Any:
    """The body of a claimed delivery."""
    return msgspec.json.decode(request_of(row, 1).body)
