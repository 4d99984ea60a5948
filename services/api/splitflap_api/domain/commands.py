"""The seam between HTTP and the accepting transaction: commands change rows for requests."""

from dataclasses import dataclass
from typing import Protocol

from sqlalchemy import Connection

from splitflap_api.domain.changes import Changes, NewTask


class Command(Protocol):
    """The change that an accepted request makes to the database.

    `own_transaction` asks for a transaction of its own. A command with locks needs one: several
    such commands in one transaction would lock rows in random order.

    `only_inserts` promises inserts alone, without locks and updates. A batch of such commands is
    one statement.
    """

    @property
    def size(self) -> int:
        """About the number of characters that the command stores."""

    @property
    def key_id(self) -> str | None:
        """The key of the request."""

    @property
    def own_transaction(self) -> bool: ...

    @property
    def only_inserts(self) -> bool: ...

    def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
        """Add rows to the changes and fill the task; in a shared transaction refuse first.

        Raises:
            Problem: the request cannot be accepted.
        """


@dataclass(frozen=True)
class Telling:
    """A command whose task is told to webhooks. All else is the command's."""

    command: Command
    webhook_ids: tuple[str, ...]

    @property
    def size(self) -> int:
        return self.command.size

    @property
    def key_id(self) -> str | None:
        return self.command.key_id

    @property
    def own_transaction(self) -> bool:
        return self.command.own_transaction

    @property
    def only_inserts(self) -> bool:
        return self.command.only_inserts

    def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
        self.command.apply(tx, changes, task)
        task.webhook_ids = " ".join(self.webhook_ids)
