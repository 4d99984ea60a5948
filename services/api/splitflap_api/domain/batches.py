"""Batches of posts: one task for all, and a part of it for each post.

A part is a task like that of a single post. Its end lowers the count of its batch, whose task ends
with the last part. Every transaction locks a part before its batch (store/schema.py), so a batch
has a higher id than its parts.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, select
from uuid_utils import uuid7

from splitflap_api.domain.changes import Changes, NewTask, Row
from splitflap_api.domain.final_responses import batched_post
from splitflap_api.domain.jobs.locks import lock_tasks
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.store.bulk import update_rows
from splitflap_api.store.schema import tasks

#: Milliseconds for which the result of a part is kept beyond its retention, until its batch has
#: ended: a week.
KEPT_FOR_BATCH = 7 * 86_400_000


@dataclass(frozen=True)
class CreatePosts:
    """Create several posts."""

    posts: Sequence[CreatePost]
    key_id: str | None = None
    own_transaction = False
    only_inserts = True

    @property
    def size(self) -> int:
        return sum(each.size for each in self.posts)

    def apply(self, tx: Connection, changes: Changes, task: NewTask) -> None:
        *ids, task.id = sorted(str(uuid7()) for _ in range(len(self.posts) + 1))
        for part_id, post in zip(ids, self.posts, strict=True):
            account = post.new.author or task.account
            part = changes.new_task(
                account, batched_post.__name__, task.traceparent, key_id=self.key_id
            )
            part.id, part.batch_id = part_id, task.id
            post.apply(tx, changes, part)
            changes.tasks.append(part)
        task.pending = len(self.posts)


def parts_of(tx: Connection, task_id: str) -> list[str]:
    """The ids of the parts of a batch, in their order; none for another task."""
    wanted = select(tasks.c.id).where(tasks.c.batch_id == task_id).order_by(tasks.c.id)
    return list(tx.execute(wanted).scalars())


def lower_counts(tx: Connection, ended: Iterable[Row]) -> list[Row]:
    """Lower the counts of the batches of these ended tasks. Return the batches that end with them.

    Their rows are written with their final responses.
    """
    parts = Counter(row["batch_id"] for row in ended if row["batch_id"])
    if not parts:
        return []
    running = [row for row in lock_tasks(tx, parts) if row["state"] == "running"]
    for row in running:
        row["pending"] -= parts[row["id"]]
    left = [row for row in running if row["pending"] > 0]
    counts = [{"id": row["id"], "pending": row["pending"]} for row in left]
    update_rows(tx, tasks, ("id",), counts)
    return [row for row in running if row["pending"] <= 0]
