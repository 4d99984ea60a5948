"""The checker: compares the clients' attempts and responses with the final state, without I/O."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from tests.system.rig.raw_http import RawResponse
from tests.system.rig.sse import Frame

from .clients.attempts import Attempt, acknowledged
from .clients.streams import StreamRecord
from .clients.webhooks import WebhookRecord

Post = dict[str, Any]

#: Reasons of a failed preview: these are faults of the workers, all others of the page.
WORKER_FAULTS = {"attempts", "redelivered", "crashed", "broken", "busy"}


@dataclass
class History:
    """All records of a run, taken after everything was repaired and has come to rest."""

    attempts: Sequence[Attempt]
    #: All posts of the channel, from the API's list.
    posts: Sequence[Post]
    events: Sequence[Frame] = ()
    streams: Sequence[StreamRecord] = ()
    #: Responses and failures to be reported in any case.
    wrong: Sequence[str] = ()
    #: The webhook of the clients' own key. It is not told of the neighbour's tasks.
    webhooks: WebhookRecord | None = None


@dataclass
class Verdict:
    """The figures of one row. Each list describes the faults that its figure counts."""

    attempts: int = 0
    acknowledged: int = 0
    #: Acknowledged attempts without a loss.
    ok: int = 0
    #: Missing or unfinished posts: acknowledged by the API, or begun.
    lost: list[str] = field(default_factory=list)
    #: Posts and events without a cause.
    unexpected: list[str] = field(default_factory=list)
    #: Second posts, second final responses, repeated events.
    duplicated: list[str] = field(default_factory=list)
    #: Complete posts whose client got no acknowledgement.
    recovered: int = 0
    #: Tasks that a webhook was told of, and messages to it that arrived once more.
    told: int = 0
    repeated: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """All faults, each with the name of its list."""
        return [
            f"{name}: {what}"
            for name in ("lost", "unexpected", "duplicated", "wrong")
            for what in getattr(self, name)
        ]


def check(history: History) -> Verdict:
    """Find all faults in a history."""
    verdict = Verdict(
        attempts=len(history.attempts),
        acknowledged=len(acknowledged(history.attempts)),
        wrong=list(history.wrong),
    )
    posts = _by_token(history, verdict)
    for attempt in history.attempts:
        _check_attempt(verdict, attempt, posts.get(attempt.token, []))
    for stream in history.streams:
        _check_stream(verdict, stream)
    _check_events(verdict, history)
    if history.webhooks:
        _check_webhooks(verdict, history.webhooks)
    return verdict


def _by_token(history: History, verdict: Verdict) -> dict[str, list[Post]]:
    """Posts by the token in their text. Posts without a known token are unexpected."""
    known = {attempt.token for attempt in history.attempts}
    found: dict[str, list[Post]] = {}
    for post in history.posts:
        token = (post["text"].split(maxsplit=2)[1:2] or [""])[0]
        if token in known:
            found.setdefault(token, []).append(post)
        else:
            verdict.unexpected.append(f"post {post['id']} with the text {post['text'][:80]!r}")
    return found


def _check_attempt(verdict: Verdict, attempt: Attempt, posts: list[Post]) -> None:
    lost = [f"{attempt.token}: {what}" for what in _losses(attempt, posts)]
    duplicated = [f"{attempt.token}: {what}" for what in _duplicates(attempt, posts)]
    verdict.lost += lost
    verdict.duplicated += duplicated
    if attempt.deleted and posts:
        verdict.unexpected.append(f"{attempt.token}: the post exists after its deletion")
    if attempt.acknowledged:
        verdict.ok += not lost
    elif posts and not lost:
        verdict.recovered += 1


def _losses(attempt: Attempt, posts: list[Post]) -> Iterator[str]:
    if attempt.acknowledged and not posts and not attempt.delete_tried:
        yield "the post was acknowledged and does not exist"
    if attempt.location:
        yield from _lost_finals("the task", attempt.finals, attempt, 201)
    if attempt.edit_location:
        yield from _lost_finals("the task of the edit", attempt.edit_finals, attempt, 200)
    for post in posts:
        expected = "failed" if attempt.poison else "complete"
        if post["state"] != expected:
            yield f"post {post['id']} stays {post['state']}"
        texts = [attempt.edited] if attempt.edited else [attempt.text, *attempt.edits]
        if post["text"] not in texts:
            yield f"post {post['id']} has the text {post['text'][-40:]!r}"
        if not attempt.poison:
            yield from _lost_previews(attempt, post)


def _lost_finals(
    task: str, finals: list[RawResponse], attempt: Attempt, status: int
) -> Iterator[str]:
    allowed = {422} if attempt.poison else {status}
    if attempt.delete_tried:
        allowed.add(409)
    if not finals:
        yield f"{task} has no final response"
    for final in finals:
        if final.status not in allowed:
            yield f"{task} ended with {final.status} {final.body[:200]!r}"


def _lost_previews(attempt: Attempt, post: Post) -> Iterator[str]:
    if len(post["links"]) != len(attempt.links):
        yield f"the post has {len(post['links'])} of {len(attempt.links)} links"
    for link in post["links"]:
        preview = link["preview"]
        if preview["state"] == "pending":
            yield f"the preview of {link['url']} stays pending"
        if preview["state"] == "failed" and preview["reason"] in WORKER_FAULTS:
            yield f"the preview of {link['url']} failed: {preview['reason']}"
        if preview["state"] == "ready" and not attempt.links.get(link["url"]):
            yield f"the preview of {link['url']} is ready, but the page does not exist"


def _duplicates(attempt: Attempt, posts: list[Post]) -> Iterator[str]:
    if len(posts) > 1:
        yield f"{len(posts)} posts"
    if len(attempt.finals) > 1:
        yield f"{len(attempt.finals)} final responses: {_differences(attempt.finals)}"
    if len(attempt.edit_finals) > 1:
        yield f"{len(attempt.edit_finals)} final responses of its edit"


def _differences(finals: list[RawResponse]) -> str:
    return " / ".join(f"{each.status} {each.body[-300:]!r}" for each in finals)


def _check_stream(verdict: Verdict, stream: StreamRecord) -> None:
    repeated = [number for number, count in Counter(stream.seen).items() if count > 1]
    verdict.duplicated += [f"stream {stream.name}: event {number} twice" for number in repeated]
    missing = sorted(set(stream.expected) - set(stream.seen))
    verdict.lost += [f"stream {stream.name}: no event {number}" for number in missing]
    more = sorted(set(stream.seen) - set(stream.expected))
    verdict.unexpected += [f"stream {stream.name}: event {number}" for number in more]
    if stream.seen != sorted(stream.seen):
        verdict.unexpected.append(f"stream {stream.name}: events out of order")
    if stream.gaps:
        verdict.unexpected.append(f"stream {stream.name}: {stream.gaps} gaps")


def _check_events(verdict: Verdict, history: History) -> None:
    """Each revision of a post is accepted, rendered and done, once and in this order."""
    steps: dict[tuple[str, int], list[str]] = {}
    for frame in history.events:
        if frame.event in {"accepted", "rendered", "done", "failed"}:
            key = (frame.data["post"], frame.data["revision"])
            steps.setdefault(key, []).append(str(frame.event))
    for (post, revision), kinds in steps.items():
        if len(set(kinds)) < len(kinds) or {"done", "failed"} <= set(kinds):
            verdict.duplicated.append(f"post {post}, revision {revision}: events {kinds}")
    for shown in history.posts if history.events else ():
        kinds = steps.get((shown["id"], shown["revision"]), [])
        if not _in_order(kinds, shown["state"]):
            verdict.lost.append(f"post {shown['id']}, {shown['state']}: events {kinds}")


def _in_order(kinds: list[str], state: str) -> bool:
    if state == "failed":
        return kinds == ["accepted", "failed"]
    return kinds == ["accepted", "rendered", "done"]


def _check_webhooks(verdict: Verdict, record: WebhookRecord) -> None:
    """Each ended task is told, with its own status, by one id. No other task is told."""
    told: dict[tuple[str, str], set[str]] = {}
    numbers: dict[int, set[str]] = {}
    for each in record.arrived:
        body = each.json
        task, event = body["data"]["task"], body["type"]
        numbers.setdefault(body["sequence"], set()).add(each.id)
        if event != "preview":
            told.setdefault((task, event), set()).add(each.id)
            if body["data"]["status"] not in record.ended.get(task, {body["data"]["status"]}):
                verdict.wrong.append(f"webhook of task {task}: {body['data']['status']}")
        if not each.is_signed_by(record.secret):
            verdict.wrong.append(f"webhook {each.id} has a wrong signature")
    tasks = {task for task, _ in told}
    verdict.told = len(tasks)
    verdict.repeated = len(record.arrived) - len({each.id for each in record.arrived})
    verdict.lost += [f"no webhook of task {task}" for task in record.ended if task not in tasks]
    verdict.unexpected += [
        f"webhook of task {task}, which never was"
        for task, status in record.tasks.items()
        if status == HTTPStatus.NOT_FOUND
    ]
    verdict.duplicated += [
        f"task {task}: webhooks {sorted(ids)} of {event}"
        for (task, event), ids in told.items()
        if len(ids) > 1
    ]
    verdict.duplicated += [
        f"webhooks {sorted(ids)} have the number {number}"
        for number, ids in numbers.items()
        if len(ids) > 1
    ]
