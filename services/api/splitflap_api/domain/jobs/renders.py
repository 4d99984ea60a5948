"""The end of a render: a post gets its HTML and requests its previews, or it fails."""

import time
from collections.abc import Sequence
from typing import Any

import msgspec
from splitflap_core.contracts import MAX_URL, BrokenMessage, RenderRequest, RenderResult
from splitflap_core.kinds import RENDER
from splitflap_core.outcomes import Done, Failed
from splitflap_core.rendered_html import ForeignHtml, check_html
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.web_url import BadUrl, canonical
from sqlalchemy import Connection, update

from splitflap_api.contract.problems import Problem
from splitflap_api.domain.changes import Changes, NewTask, PreviewRequest
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.final_responses import edited_post
from splitflap_api.domain.jobs.finished import FinishedJob
from splitflap_api.domain.jobs.kind import BacklogLimit, JobKind
from splitflap_api.domain.posts.states import (
    Rendered,
    apply_rendered,
    lock_posts,
    previews_wanted_by,
    set_state,
)
from splitflap_api.store.schema import posts

#: The reason of a text that the renderer's checks refused.
REFUSED = "refused"


class RenderJobs(JobKind):
    """Renders of posts, and of texts without a post. The job of such a text has no subject."""

    spec = RENDER
    backlog = BacklogLimit("waiting to be rendered", tolerated=50)

    def checked(self, result: RenderResult, rules: AddressRules) -> RenderResult:  # noqa: ARG002 - a link may lead anywhere
        try:
            check_html(result.html, _yield)
        except ForeignHtml as error:
            raise BrokenMessage(f"html: {error}") from error
        links = list(dict.fromkeys(map(_link, result.links)))
        return result if links == result.links else msgspec.structs.replace(result, links=links)

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
        """Each failure is one but a refusal: a text is then shown without its HTML.

        The checks refuse a text for its own sake, and the client's response names the construct. An
        operator can repair nothing.
        """
        failed = isinstance(finished.outcome, Failed) and finished.reason != REFUSED
        return finished.exhausted or failed

    def replay(self, tx: Connection, changes: Changes, letter: Any) -> NewTask:
        post = lock_posts(tx, [letter["subject"]]).get(letter["subject"])
        if post is None or post["revision"] != letter["revision"] or post["state"] != "failed":
            raise Problem("conflict", "the post was deleted, edited or rendered meanwhile")
        request = msgspec.json.decode(letter["body"], type=RenderRequest)
        task = changes.new_task(post["account"], edited_post.__name__)
        task.subject, task.revision = post["id"], post["revision"]
        changes.render_job(task, request, post)
        tx.execute(update(posts).where(posts.c.id == post["id"]).values(state="accepted"))
        return task


def _yield() -> None:
    """Let other threads run."""
    time.sleep(0)


def _link(url: str) -> str:
    """The key of a link's preview.

    Raises:
        BrokenMessage: the link can have no preview.
    """
    try:
        key = canonical(url)
    except BadUrl as error:
        raise BrokenMessage(f"links: {error}") from error
    if len(key.encode()) > MAX_URL:
        raise BrokenMessage(f"links: more than {MAX_URL} bytes of UTF-8")
    return key


def _rendered(finished: Sequence[FinishedJob]) -> list[Rendered]:
    """The successful renders of posts among these."""
    return [
        Rendered(
            post_id=each.job["subject"],
            revision=each.job["revision"],
            task_id=each.job["task_id"],
            result=each.result,
            traceparent=each.job["traceparent"],
            owner=JobOwner.of(each.job),
        )
        for each in finished
        if each.job["subject"] is not None and isinstance(each.outcome, Done)
    ]
