"""A post's HTML is stored once, and final responses that show it stay the same."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_api.contract.models import Post
from splitflap_api.domain import tasks as tasks_module
from splitflap_api.domain.access.keys import Caller
from splitflap_api.domain.posts import shapes
from splitflap_api.domain.split_final import split_final, with_html
from splitflap_api.domain.task_state import SHARED_BODY
from splitflap_api.store.schema import posts, tasks
from sqlalchemy import delete, update

from asyncrequest import NO_PRECONDITIONS, Final, TaskState
from tests.unit.api.rig import HOUR, Rig, by, rendered

from .conftest import MakeRig

HTML = '<p class="x">\u00e9 &amp; "quoted"</p>'
LARGE = HTML * 1_000
URL = "https://shared.example/"


def finished(rig: Rig, html: str = HTML, post_text: str = "hello") -> TaskState:
    """Create a post, and end its task."""
    state = rig.post(post_text)
    rig.rendered(rig.job(state), html=html)
    return state


def final_of(rig: Rig, state: TaskState) -> Final:
    """The final response of a task."""
    final = rig.final(state)
    assert final is not None
    return final


def copies(rig: Rig, html: str = HTML) -> int:
    """How many times the database has this HTML, in whatever column."""
    needle = msgspec.json.encode(html).decode()[1:-1]
    count = 0
    for table in (tasks, posts):
        for row in rig.rows(table):
            values = [v.decode() if isinstance(v, bytes) else v for v in row.values()]
            count += sum(isinstance(v, str) and (html in v or needle in v) for v in values)
    return count


@pytest.mark.parametrize("html", [HTML, LARGE, ""])
def test_the_html_of_a_post_is_stored_once(rig: Rig, html: str) -> None:
    """The final response has the whole post, as a read of the post has it."""
    state = finished(rig, html)
    assert rig.task(state)["state"] == "split"
    assert copies(rig, html or "<never>") == (1 if html else 0)
    body = rig.body(state)
    assert body["html"] == html
    assert body == msgspec.to_builtins(rig.read_post(body["id"]))


@pytest.mark.parametrize("html", [HTML, LARGE])
def test_a_final_response_keeps_the_html_of_an_edited_post(rig: Rig, html: str) -> None:
    """The edit moves the HTML from the post to its task. The next edit leaves it alone."""
    state = finished(rig, html)
    first = final_of(rig, state)
    post_id = rig.body(state)["id"]
    for number in range(2):
        edit = rig.edit(post_id, f"edit {number}")
        assert final_of(rig, state) == first
        rig.rendered(rig.job(edit), html=f"<p>{number}</p>")
        assert final_of(rig, state) == first
        assert copies(rig, html) == 1
    assert rig.body(edit)["html"] == "<p>1</p>"


@pytest.mark.parametrize("html", [HTML, LARGE])
def test_a_final_response_keeps_the_html_of_a_deleted_post(rig: Rig, html: str) -> None:
    """The post is gone, and its task still shows it."""
    state = finished(rig, html)
    first = final_of(rig, state)
    rig.delete_post(rig.body(state)["id"])
    assert rig.rows(posts) == []
    assert final_of(rig, state) == first
    assert copies(rig, html) == 1


def test_an_older_replica_cannot_lose_the_html(rig: Rig) -> None:
    """During a rolling upgrade it edits and deletes posts, and knows nothing of split responses."""
    edited, deleted = finished(rig), finished(rig)
    before = [final_of(rig, state) for state in (edited, deleted)]
    with rig.store.write() as tx:
        ids = [rig.task(state)["subject"] for state in (edited, deleted)]
        tx.execute(update(posts).where(posts.c.id == ids[0]).values(html=None, revision=2))
        tx.execute(delete(posts).where(posts.c.id == ids[1]))
    assert [final_of(rig, state) for state in (edited, deleted)] == before


def test_an_older_replica_shows_a_split_task_as_running(rig: Rig) -> None:
    """It knows the state `done` alone. A body without its HTML must not reach a client."""
    state = finished(rig)
    row = rig.task(state)
    assert row["state"] not in {"done", "running", "cancelled"}
    assert msgspec.json.decode(row["body"])["html"] is None


def test_later_previews_do_not_change_a_final_response(make_rig: MakeRig) -> None:
    """Only the HTML is shared with the post; links and state are as they were."""
    rig = make_rig(preview_wait=0.0)
    state = rig.post()
    (scrape,) = rig.rendered(rig.job(state), URL)
    rig.reconcile()
    first = final_of(rig, state)
    rig.scraped(scrape)
    assert final_of(rig, state) == first
    assert rig.body(state)["links"][0]["preview"]["state"] == "pending"


def test_a_cancelled_or_expired_task_keeps_no_html(rig: Rig) -> None:
    """Neither keeps a copy after an edit of its post."""
    cancelled, expired = finished(rig), finished(rig)
    for state in (cancelled, expired):
        rig.edit(rig.body(state)["id"], "edited")
    assert copies(rig) == 2
    rig.acceptor.cancel(by(), cancelled.id, NO_PRECONDITIONS)
    with rig.store.write() as tx:
        tx.execute(update(tasks).where(tasks.c.id == expired.id).values(expires_at=1))
        tx.execute(update(tasks).where(tasks.c.id == expired.id).values(expires_at=HOUR))
    assert copies(rig) == 1


def test_a_post_without_html_has_a_whole_response(rig: Rig) -> None:
    """An edit ends the task of the creation with the post as it is: not rendered yet."""
    state = rig.post()
    rig.edit(rig.task(state)["subject"], "second")
    assert rig.task(state)["state"] == "done"
    assert rig.body(state)["html"] is None


def test_a_shared_read_hands_over_no_large_body(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Polls of many tasks share a statement. A large final response is read alone."""
    states = [finished(rig, html) for html in (HTML, LARGE)]
    rig.edit(rig.body(states[1])["id"], "edited")
    states.append(finished(rig, "x", "y" * (SHARED_BODY + 1)))
    alone = []
    read_large = rig.acceptor._transactions.read_large

    def noted(caller: Caller, task_id: str) -> TaskState:
        alone.append(task_id)
        return read_large(caller, task_id)

    monkeypatch.setattr(rig.acceptor._transactions, "read_large", noted)
    found = [rig.acceptor.get(by(), state.id).final for state in states]
    assert [msgspec.json.decode(each.body)["html"] for each in found if each] == [HTML, LARGE, "x"]
    assert alone == [state.id for state in states[1:]]


def test_a_repeated_key_gets_a_large_final_response(rig: Rig) -> None:
    """The read of known keys is shared too."""
    state = rig.post(key="k")
    rig.rendered(rig.job(state), html=LARGE)
    assert rig.post(key="k").final == final_of(rig, state)


def test_tasks_that_end_together_are_written_in_steps(
    make_rig: MakeRig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Posts are read and responses written some bytes at a time. Each task gets its own."""
    monkeypatch.setattr(shapes, "STEP_BYTES", 3 * len(LARGE.encode()))
    monkeypatch.setattr(tasks_module, "STEP", 1_000)
    rig = make_rig()
    states = [rig.post(f"post {number}") for number in range(10)]
    jobs = [job for state in states for job in rig.apply(rendered(rig.job(state), (URL,), LARGE))]
    read: list[int] = []
    read_posts = shapes.read_posts

    def noted(tx: Any, ids: list[str], urls: Any) -> Any:
        read.append(len(ids))
        return read_posts(tx, ids, urls)

    monkeypatch.setattr(shapes, "read_posts", noted)
    rig.scraped(jobs[0])
    assert read == [2, 2, 2, 2, 2]
    assert [rig.body(state)["text"] for state in states] == [f"post {n}" for n in range(10)]


@given(st.text(), st.text(), st.text(max_size=5))
def test_the_html_returns_to_its_place(html: str, before: str, channel: str) -> None:
    """Whatever the text has, also the place itself: JSON escapes it."""
    for sent in (before, '"html":null', '\\"html":null,"html":null'):
        post = Post(
            id="p",
            channel=channel,
            author="me",
            text=sent,
            html=html,
            state="complete",
            revision=1,
            links=[],
            created_at="",
            updated_at="",
            flavour="markdown",
            breaks=True,
            mentions=[],
            channels=[],
            excerpt=None,
            parent=None,
            key_id=None,
        )
        final = split_final(200, (), post)
        assert with_html(final.body, html) == msgspec.json.encode(post)
