"""A batch of outcomes writes the rows that its outcomes would write one by one."""

import random
from collections.abc import Sequence
from itertools import count
from typing import Any
from uuid import UUID

import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.domain import changes
from splitflap_api.domain.commands import Command
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.posts import commands, shapes
from splitflap_api.domain.posts.commands import CreatePost
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.store import schema
from splitflap_core.contracts import JobOutcome
from sqlalchemy import delete, update

from tests.unit.api.rig import Rig, Row, failed, outcome_of, rendered, retry, scraped

A, B, C = URLS = [f"https://{name}.example/" for name in "abc"]

#: Posts in a random batch, and the random batches.
POSTS = 24
SEEDS = 10

#: Milliseconds since the epoch.
NOW = 1_700_000_000_000

#: A responder that this release lacks.
UNKNOWN = "of_a_newer_release"


def test_each_post_of_a_mixed_batch_gets_its_html_and_state(rig: Rig) -> None:
    """Complete, waiting, failed, edited, overtaken, deleted, and left for another release."""
    old = rig.post("edited")
    rig.rendered(rig.job(old), html="old")
    names = ("complete", "waiting", "failed", "overtaken", "deleted")
    states = {name: rig.post(name) for name in names}
    states["edited"] = rig.edit(rig.task(old)["subject"], "edited")
    states["left"] = rig.accept(CreatePost(PostInput("left")), responder=UNKNOWN)
    jobs = {name: rig.job(state) for name, state in states.items()}
    posts = {name: rig.task(state)["subject"] for name, state in states.items()}
    with rig.store.write() as tx:
        of = schema.posts
        tx.execute(update(of).where(of.c.id == posts["overtaken"]).values(revision=2))
        tx.execute(delete(of).where(of.c.id == posts["deleted"]))
    text = rig.accept(RenderText("by itself"))
    rig.apply(
        outcome_of(jobs.pop("failed"), failed("refused")),
        rendered(jobs.pop("waiting"), [A], html="waiting"),
        *(rendered(job, html=name) for name, job in jobs.items()),
        rendered(rig.job(text), html="by itself"),
    )
    found = {row["text"]: (row["state"], row["html"]) for row in rig.rows(schema.posts)}
    assert found == {
        "complete": ("complete", "complete"),
        "waiting": ("rendered", "waiting"),
        "failed": ("failed", None),
        "edited": ("complete", "edited"),
        "overtaken": ("accepted", None),
        "left": ("rendered", "left"),
    }
    for name in ("complete", "edited"):
        assert (rig.body(states[name])["html"], rig.body(states[name])["state"]) == found[name][
            ::-1
        ]
    assert [rig.body(states[name])["status"] for name in ("failed", "deleted")] == [422, 409]
    assert rig.body(text)["html"] == "by itself"
    assert rig.final(states["left"]) is rig.final(states["waiting"]) is None
    pending = {name: rig.task(state)["pending"] for name, state in states.items()}
    assert pending == dict.fromkeys(states, 0) | {"waiting": 1}
    assert [row["kind"] for row in rig.rows(schema.jobs)] == ["scrape"]
    assert [row["task_id"] for row in rig.rows(schema.waiters)] == [states["waiting"].id]


def test_a_post_and_its_previews_may_end_in_one_batch(rig: Rig) -> None:
    """Its own fetch was under way for another post; one of its links is new."""
    other = rig.post("other")
    [known] = rig.apply(rendered(rig.job(other), [A]))
    post = rig.post("post")
    [new] = rig.apply(rendered(rig.job(post), [A, B], html="html"), scraped(known))
    assert (rig.body(other)["state"], rig.final(post)) == ("complete", None)
    assert (rig.task(post)["pending"], rig.task(post)["total"]) == (1, 2)
    assert [row["html"] for row in rig.rows(schema.posts, text="post")] == ["html"]
    rig.scraped(new)
    assert rig.body(post)["html"] == "html"
    assert rig.count("waiters") == rig.count("jobs") == 0


def test_posts_are_read_in_steps_by_the_size_of_their_new_html(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sizes are known before the HTML is written."""
    monkeypatch.setattr(shapes, "STEP_BYTES", 1_000)
    steps: list[int] = []
    read = shapes.read_posts

    def note(tx: Any, ids: Sequence[str], urls: Any) -> Any:
        steps.append(len(ids))
        return read(tx, ids, urls)

    monkeypatch.setattr(shapes, "read_posts", note)
    states = [rig.post("ä") for _ in range(4)]
    rig.apply(*(rendered(rig.job(state), html="ä" * 200) for state in states))
    assert steps == [2, 2]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_batch_writes_what_single_outcomes_write(
    rig: Rig, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Random posts and outcomes, some of them twice. In a batch, previews end before posts."""
    monkeypatch.setattr(rig.store, "now", lambda _tx: NOW)
    found = []
    for size in (None, 1):
        same_ids(monkeypatch)
        choice = random.Random(seed)
        outcomes = random_outcomes(rig, choice)
        if size is None:
            rig.apply(*outcomes)
        else:
            for outcome in sorted(outcomes, key=lambda each: each.kind == "render"):
                rig.apply(outcome)
        found.append(written(rig))
        empty(rig)
    assert found[0] == found[1]


def same_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give new rows the same ids in each run."""
    numbers = count(UUID("01890a5d-ac96-7000-8000-000000000000").int)
    for module in (changes, commands, dead_letters):
        monkeypatch.setattr(module, "uuid7", lambda: UUID(int=next(numbers)))


def random_outcomes(rig: Rig, choice: random.Random) -> list[JobOutcome]:
    """Outcomes of posts, edits, texts and previews, some of which went away meanwhile."""
    early = [rig.post(f"early {number}") for number in range(POSTS // 3)]
    for state in early:
        rig.rendered(rig.job(state), *choice.sample(URLS, choice.choice((0, 1, 2))))
    for state in choice.sample(early, 2):
        rig.edit(rig.task(state)["subject"], "edited")
    for url in URLS:
        rig.accept(FetchPreview(url))
    states = [
        rig.accept(random_command(number, choice), responder=choice.choice((UNKNOWN, *[None] * 5)))
        for number in range(POSTS)
    ]
    outcomes = [random_outcome(job, choice) for job in rig.rows(schema.jobs)]
    rig.cancel(choice.choice(states).id)
    rig.delete_post(choice.choice(rig.rows(schema.posts))["id"])
    choice.shuffle(outcomes)
    return outcomes + outcomes[:5]


def random_command(number: int, choice: random.Random) -> Command:
    """A post, or now and then a text by itself."""
    post = CreatePost(PostInput(f"post {number}"))
    return choice.choice((RenderText("text"), post, post, post))


def random_outcome(job: Row, choice: random.Random) -> JobOutcome:
    """An end of a job, or another attempt."""
    links = choice.sample(URLS, choice.choice((0, 0, 0, 1, 2)))
    done = rendered(job, links, job["id"]) if job["kind"] == "render" else scraped(job)
    reports = (failed("refused"), failed("crashed"), retry())
    return choice.choice((*[done] * 6, *(outcome_of(job, report) for report in reports)))


def written(rig: Rig) -> dict[str, Any]:
    """All rows, without the ids that depend on the order of transactions."""
    jobs = {row["id"]: (row["kind"], row["subject"]) for row in rig.rows(schema.jobs)}
    seen: dict[str, list[Any]] = {}
    for kind, data in rig.events():
        seen.setdefault(data["post"], []).append((kind, data))
    return {
        "posts": rig.rows(schema.posts),
        "post_links": rig.rows(schema.post_links),
        "tasks": rig.rows(schema.tasks),
        "previews": [
            row | {"job_id": jobs.get(row["job_id"], row["job_id"])}
            for row in rig.rows(schema.previews)
        ],
        "jobs": without_ids(rig.rows(schema.jobs)),
        "waiters": sorted(
            (row["task_id"], *map(str, jobs[row["job_id"]])) for row in rig.rows(schema.waiters)
        ),
        "dead_letters": without_ids(rig.rows(schema.dead_letters)),
        "events": {post: sorted(events, key=repr) for post, events in seen.items()},
    }


def without_ids(rows: Sequence[Row]) -> list[Row]:
    """These rows in an order of their own, without random values."""
    return sorted((row | {"id": None, "traceparent": None} for row in rows), key=repr)


def empty(rig: Rig) -> None:
    """Delete all rows."""
    with rig.store.write() as tx:
        for table in reversed(schema.metadata.sorted_tables):
            if table is not schema.counters:
                tx.execute(delete(table))
        tx.execute(update(schema.counters).values(value=0))
