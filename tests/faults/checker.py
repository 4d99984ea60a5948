"""The books of a run: what clients tried and were told, beside what is there in the end. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.system.rig.sse import Frame

from .attempts import Attempt, acknowledged
from .streams import Seen

#: Reasons of a preview that say something of the workers, and nothing of the page.
OUR_FAULT = {"attempts", "deadline", "redelivered", "crashed", "broken"}


@dataclass
class History:
    """All that is known once everything was healed and has come to rest."""

    attempts: Sequence[Attempt]
    #: All posts of the channel, as the API lists them.
    posts: Sequence[dict[str, Any]]
    events: Sequence[Frame] = ()
    streams: Sequence[Seen] = ()
    #: Answers that no client should ever see.
    wrong: Sequence[str] = ()


@dataclass
class Verdict:
    """The figures of one row; each list says what each figure counts."""

    attempts: int = 0
    acknowledged: int = 0
    ok: int = 0
    #: Acknowledged, or there, and not done.
    lost: list[str] = field(default_factory=list)
    #: There although never attempted, or although it was deleted.
    unexpected: list[str] = field(default_factory=list)
    #: There twice, or told in two ways.
    duplicated: list[str] = field(default_factory=list)
    #: Not acknowledged, and done all the same: a client could not know.
    recovered: int = 0
    wrong: list[str] = field(default_factory=list)

    @property
    def faults(self) -> list[str]:
        """Everything that must not be."""
        return [
            f"{name}: {what}"
            for name in ("lost", "unexpected", "duplicated", "wrong")
            for what in getattr(self, name)
        ]


def check(facts: History) -> Verdict:
    """Compare."""
    books = Verdict(
        attempts=len(facts.attempts),
        acknowledged=len(acknowledged(facts.attempts)),
        wrong=list(facts.wrong),
    )
    posts = _by_token(facts, books)
    for attempt in facts.attempts:
        _settle(books, attempt, posts.get(attempt.token, []))
    for stream in facts.streams:
        _check_stream(books, stream)
    _check_events(books, facts)
    return books


def _by_token(facts: History, books: Verdict) -> dict[str, list[dict[str, Any]]]:
    """Posts by the token in their text; what bears none of ours was never attempted."""
    known = {attempt.token for attempt in facts.attempts}
    found: dict[str, list[dict[str, Any]]] = {}
    for post in facts.posts:
        token = (post["text"].split(maxsplit=2)[1:2] or [""])[0]
        if token in known:
            found.setdefault(token, []).append(post)
        else:
            books.unexpected.append(f"post {post['id']} with the text {post['text'][:80]!r}")
    return found


def _settle(books: Verdict, attempt: Attempt, posts: list[dict[str, Any]]) -> None:
    lost = [f"{attempt.token}: {what}" for what in _lost(attempt, posts)]
    duplicated = [f"{attempt.token}: {what}" for what in _duplicated(attempt, posts)]
    books.lost += lost
    books.duplicated += duplicated
    if attempt.deleted and posts:
        books.unexpected.append(f"{attempt.token} is there although it was deleted")
    if attempt.acknowledged:
        books.ok += not lost
    elif posts and not lost:
        books.recovered += 1


def _lost(attempt: Attempt, posts: list[dict[str, Any]]) -> Iterator[str]:
    if attempt.acknowledged and not posts and not attempt.delete_tried:
        yield "acknowledged, and not there"
    if attempt.location:
        yield from _unfinished("its task", attempt.finals, attempt, 201)
    if attempt.edit_location:
        yield from _unfinished("its edit", attempt.edit_finals, attempt, 200)
    for post in posts:
        wanted = "failed" if attempt.poison else "complete"
        if post["state"] != wanted:
            yield f"post {post['id']} stays {post['state']}"
        texts = [attempt.edited] if attempt.edited else [attempt.text, *attempt.edits]
        if post["text"] not in texts:
            yield f"its text is {post['text'][-40:]!r}"
        if not attempt.poison:
            yield from _lost_links(attempt, post)


def _unfinished(what: str, finals: list[Any], attempt: Attempt, status: int) -> Iterator[str]:
    wanted = {422} if attempt.poison else {status}
    if attempt.delete_tried:
        wanted.add(409)
    if not finals:
        yield f"{what} has no final response"
    for final in finals:
        if final.status not in wanted:
            yield f"{what} ended with {final.status} {final.body[:200]!r}"


def _lost_links(attempt: Attempt, post: dict[str, Any]) -> Iterator[str]:
    if len(post["links"]) != len(attempt.links):
        yield f"it has {len(post['links'])} of {len(attempt.links)} links"
    for link in post["links"]:
        preview = link["preview"]
        if preview["state"] == "pending":
            yield f"the preview of {link['url']} stays pending"
        if preview["state"] == "failed" and preview["reason"] in OUR_FAULT:
            yield f"the preview of {link['url']} failed: {preview['reason']}"
        if preview["state"] == "ready" and not attempt.links.get(link["url"]):
            yield f"the preview of {link['url']} is ready, which no page can make it"


def _duplicated(attempt: Attempt, posts: list[dict[str, Any]]) -> Iterator[str]:
    if len(posts) > 1:
        yield f"{len(posts)} posts"
    if len(attempt.finals) > 1:
        yield f"{len(attempt.finals)} final responses: {_differences(attempt.finals)}"
    if len(attempt.edit_finals) > 1:
        yield f"{len(attempt.edit_finals)} final responses of its edit"


def _differences(finals: list[Any]) -> str:
    return " / ".join(f"{each.status} {each.body[-300:]!r}" for each in finals)


def _check_stream(books: Verdict, stream: Seen) -> None:
    twice = [number for number, count in Counter(stream.seen).items() if count > 1]
    books.duplicated += [f"stream {stream.name}: event {number} twice" for number in twice]
    missing = sorted(set(stream.wanted) - set(stream.seen))
    books.lost += [f"stream {stream.name}: no event {number}" for number in missing]
    more = sorted(set(stream.seen) - set(stream.wanted))
    books.unexpected += [f"stream {stream.name}: event {number}" for number in more]
    if stream.seen != sorted(stream.seen):
        books.unexpected.append(f"stream {stream.name}: events out of order")
    if stream.gaps:
        books.unexpected.append(f"stream {stream.name}: {stream.gaps} gaps")


def _check_events(books: Verdict, facts: History) -> None:
    """Each post is accepted, rendered and done once at each revision, in this order."""
    told: dict[tuple[str, int], list[str]] = {}
    for frame in facts.events:
        if frame.event in {"accepted", "rendered", "done", "failed"}:
            place = (frame.data["post"], frame.data["revision"])
            told.setdefault(place, []).append(str(frame.event))
    for (post, revision), kinds in told.items():
        if len(set(kinds)) < len(kinds) or {"done", "failed"} <= set(kinds):
            books.duplicated.append(f"post {post}, revision {revision}: events {kinds}")
    for shown in facts.posts if facts.events else ():
        kinds = told.get((shown["id"], shown["revision"]), [])
        if not _in_order(kinds, shown["state"]):
            books.lost.append(f"post {shown['id']}, {shown['state']}: events {kinds}")


def _in_order(kinds: list[str], state: str) -> bool:
    if state == "failed":
        return kinds == ["accepted", "failed"]
    return kinds == ["accepted", "rendered", "done"]
