"""`splitflap_client` on a running stack: types, waits and streams, while APIs are killed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from splitflap_client import (
    Client,
    Gap,
    Post,
    PostEvent,
    PostInput,
    StillRunning,
    Unreachable,
    verify_webhook,
)
from splitflap_client.problems import (
    Forbidden,
    Gone,
    Invalid,
    NotFound,
    NotRendered,
    PreconditionFailed,
    Unauthorized,
)
from splitflap_client.transport import Retries

from tests.support import wait_until
from tests.support.receiver import Receiver
from tests.system.conftest import only
from tests.system.rig.client import Client as RigClient
from tests.system.rig.site import Site
from tests.system.rig.stack import ADMIN, Stack

pytestmark = only("embedded")

#: Posts created while an API is killed.
POSTS = 12


@pytest.fixture
def api(stack: Stack) -> Iterator[Client]:
    """A client with a key of the scopes read, write and act."""
    body = {"account": "app", "scopes": ["read", "write", "act"]}
    key = stack.client().post("/v1/keys", body).json()["key"]
    with Client(stack.url(), key) as client:
        yield client


def test_a_post_is_created_edited_listed_and_deleted(api: Client, channel: str) -> None:
    """Each call gives models."""
    post = api.posts.create("Hello **world**", channel=channel, flavour="gfm", parent="topic:1")
    assert "<strong>world</strong>" in (post.html or "")
    assert (post.state, post.flavour, post.parent) == ("complete", "gfm", "topic:1")
    assert datetime.now(UTC) - post.created_at < timedelta(minutes=1)
    assert api.posts.edit(post.id, "*again*").revision == 2
    assert [each.text for each in api.posts.list(parent="topic:1")] == ["*again*"]
    api.posts.delete(post.id)
    with pytest.raises(NotFound):
        api.posts.get(post.id)
    with pytest.raises(NotFound):
        api.posts.delete(post.id)


def test_a_list_reads_all_pages(api: Client, channel: str) -> None:
    """More posts than a page has, of one author and time."""
    begin = datetime(2020, 1, 2, tzinfo=UTC)
    for page in range(3):
        posts = [
            PostInput(
                text=f"post {number}",
                channel=channel,
                author="ann",
                created_at=begin + timedelta(minutes=number),
            )
            for number in range(page * 50, page * 50 + 50)
        ]
        batch = api.posts.create_batch(posts, low=True)
        assert [each.status for each in batch.results] == [201] * 50
    listed = list(api.posts.list(channel=channel, order="oldest", author="ann"))
    assert [each.text for each in listed] == [f"post {number}" for number in range(150)]
    until = begin + timedelta(minutes=2)
    assert len(list(api.posts.list(channel=channel, since=begin, until=until))) == 2


def test_a_refusal_is_a_problem_of_its_type(api: Client, stack: Stack, channel: str) -> None:
    """At once, or as the final response of a task."""
    with pytest.raises(Invalid) as refused:
        api.posts.create(" ", channel=channel)
    assert [each.field for each in refused.value.errors] == ["text"]
    with pytest.raises(NotRendered) as failed:
        api.render("<" * 60_000 + ">" * 5 + "[" * 5_000)
    assert failed.value.reason
    with pytest.raises(Unauthorized):
        Client(stack.url(), "sf_wrong").posts.get("x")
    post = api.posts.create("a", channel=channel)
    with pytest.raises(PreconditionFailed):
        api.posts.edit(post.id, "b", if_match='"1-00000000"')
    with pytest.raises(Forbidden):
        api.acting_for("ann").posts.edit(post.id, "b")


def test_a_client_acts_for_an_account(api: Client, channel: str) -> None:
    """The account's posts are its own. Streams are the key's."""
    ann = api.acting_for("ann")
    with ann.events(channel=channel) as events:
        post = ann.posts.create("by ann", channel=channel)
        assert next(events).kind == "accepted"
    assert (post.author, ann.posts.edit(post.id, "again").revision) == ("ann", 2)


def test_an_author_in_the_body_owns_the_task(api: Client, channel: str) -> None:
    """The client reads the task as that account."""
    task = api.posts.submit("by bob", channel=channel, author="bob")
    assert task.result(30).author == "bob"
    with pytest.raises(NotFound):
        api.task(task.id).result()
    assert api.acting_for("bob").task(task.id).result() == task.result()


def test_a_webhook_is_managed_and_told(api: Client, channel: str) -> None:
    """It belongs to the key, whatever account that acts for."""
    with Receiver() as receiver:
        ann = api.acting_for("ann")
        hook = ann.webhooks.create(receiver.url(), events=["task.done"], always=False)
        ann.posts.create("told", channel=channel, webhook=hook.id)
        wait_until(lambda: receiver.arrived, "the webhook")
        [arrived] = receiver.arrived
        secret = api.webhooks.rotate(hook.id).secret
        assert secret != hook.secret
        message = verify_webhook(arrived.headers, arrived.body, hook.secret)
        assert message.body["data"]["account"] == "ann"
        assert api.webhooks.test(hook.id).event == "webhook.test"
        wait_until(lambda: len(receiver.arrived) == 2, "the test")
    assert {each.id for each in api.webhooks.deliveries(hook.id)} >= {message.id}
    assert api.webhooks.replace(hook.id, hook.url, disabled=True).disabled_by == "owner"
    assert api.webhooks.get(hook.id).events == ["task.done", "task.failed"]
    assert api.webhooks.replay(hook.id) == 0
    assert [each.id for each in api.webhooks.list()] == [hook.id]
    api.webhooks.delete(hook.id)
    assert list(api.webhooks.list()) == []


def test_a_preview_and_a_render(api: Client, site: Site) -> None:
    """They are no posts."""
    assert api.preview(site.url("page/client")).state == "ready"
    assert "<em>" in api.render("*a*", breaks=False).html


def test_a_task_is_read_by_its_id(api: Client, channel: str) -> None:
    """It is cancelled by its owner."""
    task = api.posts.submit("later", channel=channel)
    post = task.result(30)
    assert (task.running(), api.task(task.id).result()) == (None, post)
    task.cancel()
    with pytest.raises(Gone):
        api.task(task.id).result()


def test_a_wait_ends_in_time(api: Client, stack: Stack, channel: str) -> None:
    """The task goes on."""
    stack.kill("renderer")
    with pytest.raises(StillRunning) as waited:
        api.posts.create("later", channel=channel, wait=1)
    stack.start("renderer")
    assert isinstance(api.task(waited.value.task_id).result(60), Post)


def test_one_idempotency_key_makes_one_post(api: Client, channel: str) -> None:
    """Without one, each call makes a post."""
    for _ in range(2):
        api.posts.create("once", channel=channel, idempotency_key=f"key of {channel}")
        api.posts.create("twice", channel=channel)
    assert sorted(each.text for each in api.posts.list(channel=channel)) == [
        "once",
        "twice",
        "twice",
    ]


def test_a_wait_survives_a_kill_of_its_api(api: Client, stack: Stack, channel: str) -> None:
    """The request that was lost is sent again, and makes no second post."""
    stack.kill("renderer")
    with ThreadPoolExecutor(1) as pool:
        created = pool.submit(api.posts.create, "once", channel=channel, wait=60)
        wait_until(lambda: stack.client().posts(channel), "the post is accepted")
        stack.kill("api")
        stack.start("api", "renderer")
        assert created.result(60).state == "complete"
    assert [each.text for each in api.posts.list(channel=channel)] == ["once"]


def test_a_stream_survives_kills_of_its_api(api: Client, stack: Stack, channel: str) -> None:
    """Each event comes once and in order."""
    with api.events(channel=channel) as events:
        made = threading.Thread(target=_create, args=(api, channel))
        made.start()
        seen = [next(events)]
        for _ in range(2):
            stack.kill("api")
            stack.start("api")
            seen += [next(events) for _ in range(4)]
        while len(seen) < 3 * POSTS:
            seen.append(next(events))
        made.join()
    ids = [each.id for each in seen if isinstance(each, PostEvent)]
    assert ids == sorted(set(ids))
    assert len(ids) == 3 * POSTS
    done = [each.post for each in seen if isinstance(each, PostEvent) and each.kind == "done"]
    assert sorted(done) == sorted(each.id for each in api.posts.list(channel=channel))


def _create(api: Client, channel: str) -> None:
    for number in range(POSTS):
        api.posts.create(f"post {number}", channel=channel)


def test_a_later_stream_goes_on_after_an_id(api: Client, channel: str) -> None:
    """A program keeps the id of the last event that it has handled."""
    with api.events(channel=channel) as events:
        api.posts.create("first", channel=channel)
        handled = next(events)
    api.posts.create("second", channel=channel)
    with api.events(channel=channel, after=events.last_id) as events:
        kinds = [next(events).kind for _ in range(5)]
    assert handled.kind == "accepted"
    assert kinds == ["rendered", "done", "accepted", "rendered", "done"]


def test_missing_events_are_reported(api: Client, channel: str) -> None:
    """The stream goes on with the oldest event that remains."""
    with api.events(channel=channel) as events:
        last = events.last_id or 0
    with api.events(channel=channel, after=last + 10_000) as events:
        assert isinstance(next(events), Gap)
        api.posts.create("after the gap", channel=channel)
        assert next(events).kind == "accepted"


def test_a_lost_api_is_unreachable_in_the_end(api: Client, stack: Stack, channel: str) -> None:
    """The caller decides how long to try."""
    reported: list[float] = []
    client = Client(
        stack.url(),
        ADMIN,
        retries=Retries(seconds=2),
        on_retry=lambda _, delay: reported.append(delay),
    )
    stack.kill("api")
    with pytest.raises(Unreachable):
        client.posts.create("a", channel=channel)
    assert reported
    stack.start("api")
    assert RigClient(stack.url(), ADMIN).posts(channel) == []
