"""Pages of lists: they end at a number of items and at a number of bytes."""

import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from splitflap_api.contract.models import KeyInput, PostQuery
from splitflap_api.domain.access.channels import ALL
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.posts import pages
from splitflap_api.domain.posts.shapes import read_posts
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.http import pages as module
from splitflap_api.http.pages import MAX_PAGE, page_of
from splitflap_api.http.services import Services
from splitflap_api.store.schema import previews
from sqlalchemy import Connection, insert

from .rig import Rig

#: HTML of the largest kind of post, as the renderer makes it: 1.2 MB of spans.
LARGE = '<span class="p">(</span>' * 50_000


@pytest.fixture
def client(app: Flask, services: Services) -> FlaskClient:
    """A client with a key of every scope."""
    key = services.keyring.create(KeyInput(account="me", scopes=["read", "write", "admin"])).key
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {key}"
    return made


def create(rig: Rig, html: str, *links: str) -> str:
    """Create a post with this HTML, and return its id."""
    state = rig.post("x")
    rig.rendered(rig.job(state), *links, html=html)
    return str(rig.task(state)["subject"])


def test_a_page_of_large_posts_ends_at_a_limit_of_bytes(rig: Rig, client: FlaskClient) -> None:
    """A hundred posts with 1.2 MB of HTML each made one page of 116 MB. Now each has its own."""
    ids = [create(rig, LARGE) for _ in range(4)]
    seen, after = [], ""
    while True:
        response = client.get(f"/v1/posts?limit=100{after}")
        page = msgspec.json.decode(response.data)
        assert [len(post["html"]) for post in page["items"]] == [len(LARGE)]
        seen += [post["id"] for post in page["items"]]
        if page["next"] is None:
            break
        after = f"&after={page['next']}"
    assert seen == ids[::-1]


@pytest.mark.parametrize("sizes", [[400_000] * 7, [10] * 30, [1_300_000, 10, 10], [900_000, 10]])
def test_the_pages_together_have_each_post_once(
    rig: Rig, client: FlaskClient, sizes: list[int]
) -> None:
    """Each page is at most 1 MiB, or has one post. It is as long as both limits allow."""
    ids = [create(rig, "x" * size) for size in sizes]
    pages: list[bytes] = []
    after = ""
    while not pages or after:
        pages.append(client.get(f"/v1/posts?limit=7{after}").data)
        cursor = msgspec.json.decode(pages[-1])["next"]
        after = f"&after={cursor}" if cursor else ""
    found = [msgspec.json.decode(page)["items"] for page in pages]
    assert [post["id"] for page in found for post in page] == ids[::-1]
    for data, items, following in zip(pages, found, [*found[1:], []], strict=True):
        assert len(items) == 1 or len(data) <= MAX_PAGE + 100
        more = len(items) + 1 <= 7 and following
        assert not more or len(data) + len(msgspec.json.encode(following[0])) > MAX_PAGE


def test_the_page_counts_previews_too(rig: Rig, client: FlaskClient) -> None:
    """A text of 50 links shows 50 previews."""
    urls = [f"https://{number}.example/" for number in range(50)]
    with rig.store.write() as tx:
        rows = [{"url": url, "state": "ready", "description": "d" * 9_000} for url in urls]
        tx.execute(insert(previews), rows)
    for _ in range(4):
        create(rig, "<p>", *urls)
    data = client.get("/v1/posts").data
    assert len(msgspec.json.decode(data)["items"]) == 2
    assert len(data) <= MAX_PAGE + 100


def test_text_that_json_escapes_counts_as_json(rig: Rig, client: FlaskClient) -> None:
    """Stored sizes are smaller: a control character is one byte there, and six in JSON."""
    for _ in range(3):
        create(rig, "\x01" * 150_000)
    data = client.get("/v1/posts").data
    assert len(msgspec.json.decode(data)["items"]) == 1
    assert len(data) <= MAX_PAGE + 100


def test_a_page_reads_no_html_that_it_does_not_show(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first statement finds the ids by their sizes, and the second one reads these posts."""
    ids = [create(rig, "x" * size) for size in (10, 2_000, 1_000)]
    read: list[list[str]] = []
    reading = read_posts

    def noted(tx: Connection, wanted: list[str], urls: PreviewUrls) -> object:
        read.append(wanted)
        return reading(tx, wanted, urls)

    monkeypatch.setattr(pages, "read_posts", noted)
    found = pages.page(rig.store, PostQuery(limit=10), ALL, None, max_bytes=2_500, urls=rig.urls)
    assert ([post.id for post in found.posts], found.more) == ([ids[2]], True)
    assert read == [[ids[2]]]


def test_a_page_goes_on_behind_posts_that_were_just_deleted(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion between the two statements may take all posts of the page."""
    ids = [create(rig, "<p>") for _ in range(4)]
    reading = read_posts

    def deleting(tx: Connection, wanted: list[str], urls: PreviewUrls) -> object:
        monkeypatch.setattr(pages, "read_posts", reading)
        for post_id in wanted:
            rig.delete_post(post_id)
        return reading(tx, wanted, urls)

    monkeypatch.setattr(pages, "read_posts", deleting)
    found = pages.page(rig.store, PostQuery(limit=2), ALL, None, MAX_PAGE, rig.urls)
    assert ([post.id for post in found.posts], found.more) == (ids[1::-1], False)


def test_keys_come_in_pages(client: FlaskClient, services: Services) -> None:
    """The list of all keys was one response."""
    made = [services.keyring.create(KeyInput(account="a", scopes=["read"])).id for _ in range(5)]
    first = msgspec.json.decode(client.get("/v1/keys?limit=3").data)
    rest = msgspec.json.decode(client.get(f"/v1/keys?limit=3&after={first['next']}").data)
    assert [key["id"] for key in first["items"] + rest["items"]][:5] == made[::-1]
    assert rest["next"] is None


def test_a_list_of_dead_letters_reads_no_bodies(
    rig: Rig, client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body may be as large as the broker's largest message."""
    with rig.store.write() as tx:
        for _ in range(3):
            dead_letters.insert_message(tx, "results", "unreadable", b"x" * 1_000, 1)
    shape, columns = dead_letters._shape, set()

    def noted(row: object, *, with_body: bool) -> object:
        columns.update(row.keys())  # type: ignore[attr-defined]  # a row is a mapping
        return shape(row, with_body=with_body)

    monkeypatch.setattr(dead_letters, "_shape", noted)
    assert len(msgspec.json.decode(client.get("/v1/dead").data)["items"]) == 3
    assert "id" in columns
    assert "body" not in columns


class Item(msgspec.Struct):
    """An item of a list."""

    id: str
    text: str


@given(st.lists(st.integers(1, 300), max_size=12), st.integers(1, 5), st.booleans())
def test_a_page_is_the_longest_start_that_fits(sizes: list[int], limit: int, more: bool) -> None:
    """At least one item, at most `limit`, and at most 400 bytes if there are several."""
    items = [Item("i", "x" * size) for size in sizes]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "MAX_PAGE", 400)
        page = msgspec.json.decode(page_of(items, limit, more=more and bool(items))[0])
    encoded = [len(msgspec.json.encode(item)) for item in items]
    fitting = [n for n in range(2, limit + 1) if sum(encoded[:n]) <= 400]
    count = min(len(items), max(fitting, default=1))
    assert page["items"] == msgspec.to_builtins(items[:count])
    assert (page["next"] is not None) == (count < len(items) or (more and bool(items)))
