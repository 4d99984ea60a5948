"""The end of a render: a post gets its HTML and requests its previews, or it fails."""

from collections.abc import Sequence
from typing import Any

import msgspec
from splitflap_core.contracts import RenderRequest
from splitflap_core.kinds import RENDER
from splitflap_core.outcomes import Done
from sqlalchemy import Connection, select, update
from uuid_utils import uuid7

from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, PreviewRequest
from splitflap_api.domain.jobs.finished import FinishedJob
from splitflap_api.domain.jobs.kind import BacklogLimit, JobKind
from splitflap_api.domain.posts.states import (
    Rendered,
    apply_rendered,
    previews_wanted_by,
    set_state,
)
from splitflap_api.store.schema import posts


class RenderJobs(JobKind):
    """Renders of posts, and of texts without a post. The job of such a text has no subject."""

    spec = RENDER
    backlog = BacklogLimit("waiting to be rendered", tolerated=50)

    def preview_requests(self, finished: Sequence[FinishedJob]) -> list[PreviewRequest]:
        return previews_wanted_by(_rendered(finished))

    def write_posts(
        self, tx: Connection, changes: Changes, finished: Sequence[FinishedJob]
    ) -> None:
        apply_rendered(tx, changes, _rendered(finished))
        failed = {
            each.job["subject"]: each
            for each in finished
            if each.job["subject"] and not isinstance(each.outcome, Done)
        }
        if not failed:
            return
        revisions = {post_id: each.job["revision"] for post_id, each in failed.items()}
        for post in set_state(tx, changes, revisions, "failed"):
            each = failed[post["id"]]
            changes.event("failed", post, task=each.job["task_id"], reason=each.reason)

    def is_dead_letter(self, finished: FinishedJob) -> bool:
        """Each failure is one, since a text is then shown without its HTML."""
        return finished.exhausted or not isinstance(finished.outcome, Done)

    def replay(self, tx: Connection, changes: Changes, letter: Any) -> None:
        wanted = select(posts).where(posts.c.id == letter["subject"]).with_for_update()
        post = tx.execute(wanted).mappings().first()
        if post is None or post["revision"] != letter["revision"] or post["state"] != "failed":
            raise Problem("conflict", "the post was deleted, edited or rendered meanwhile")
        request = msgspec.json.decode(letter["body"], type=RenderRequest)
        changes.render_job(str(uuid7()), request, None, dict(post))
        tx.execute(update(posts).where(posts.c.id == post["id"]).values(state="accepted"))


def _rendered(finished: Sequence[FinishedJob]) -> list[Rendered]:
    """The successful renders of posts among these."""
    return [
        Rendered(
            post_id=each.job["subject"],
            revision=each.job["revision"],
            task_id=each.job["task_id"],
            result=each.result,
            traceparent=each.job["traceparent"],
        )
        for each in finished
        if each.job["subject"] is not None and isinstance(each.outcome, Done)
    ]
