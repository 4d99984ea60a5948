"""The code blocks of docs/browser.md, as written there: pages of another origin than the API."""

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.system.rig.backends import MakeBackend
from tests.system.rig.client import Client
from tests.system.rig.stack import running

from .conftest import MakeVisitor
from .rig import documented
from .rig.fronts import Front, fronts
from .rig.watch import Watch

#: What Chromium logs when the API does not allow the origin.
REFUSED = "blocked by CORS policy"

#: A request to the API is one to another origin.
TO_THE_API = r"request to another origin \(\w+\): {api}/v1/(events\?|posts|stream-tokens)"

OpenPage = Callable[[str, str], Page]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of both origins."""
    made = tmp_path_factory.mktemp("documented")
    (made / "favicon.ico").touch()
    return made


@pytest.fixture(scope="module")
def origin(folder: Path) -> Iterator[str]:
    """The origin that the API allows."""
    with documented.serving(folder) as served:
        yield served


@pytest.fixture
def other_origin(folder: Path) -> Iterator[str]:
    """An origin with the same files, which the API does not allow."""
    with documented.serving(folder) as served:
        yield served


@pytest.fixture(scope="module")
def all_fronts(
    origin: str, make_backend: MakeBackend, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[list[Front]]:
    """The front of an API that allows one origin and serves no page."""
    with ExitStack() as exits:
        backend, logs = make_backend("embedded"), tmp_path_factory.mktemp("logs")
        context = running(backend, logs, workers=("renderer",), CORS_ORIGINS=origin)
        yield fronts(exits.enter_context(context), exits)


@pytest.fixture
def open_page(
    folder: Path, front: Front, key: str, make_visitor: MakeVisitor, watch: Watch
) -> OpenPage:
    """Open a page at an origin, and answer its question for the key."""
    watch.tolerate(TO_THE_API.format(api=re.escape(front.origin)))

    def opened(page: str, at: str) -> Page:
        (folder / "index.html").write_text(documented.at_api(page, front.origin), encoding="utf-8")
        visitor = make_visitor(at)
        visitor.context.on("dialog", lambda dialog: dialog.accept(key))
        return visitor.open()

    return opened


def fetching() -> str:
    """The page that reads its stream by fetch."""
    return documented.block("html")


def with_event_source() -> str:
    """The same page with an EventSource."""
    return documented.with_event_source(fetching(), documented.block("js"))


def shown(tab: Page) -> Locator:
    """The element in which the pages show events."""
    return tab.locator("pre")


def done(post: dict[str, Any]) -> re.Pattern[str]:
    """The line of the event that ends a post, as the page with an EventSource shows it."""
    return re.compile(rf'done {{.*"{post["id"]}"')


def test_each_block_of_the_document_is_tested() -> None:
    """A block in a further language needs a test."""
    assert [language for language, _ in documented.blocks()] == ["html", "js"]


def test_the_page_of_the_document_has_ten_lines() -> None:
    """Its reader sees at once what is needed."""
    assert len(fetching().splitlines()) <= 10


def test_the_page_shows_the_events_of_its_own_post(
    open_page: OpenPage, origin: str, client: Client
) -> None:
    """Its stream is open before it posts, so it shows the first event too."""
    events = shown(open_page(fetching(), origin))
    expect(events).to_contain_text("event: done")
    post = client.posts("general")[0]["id"]
    for name in ("accepted", "rendered", "done"):
        expect(events).to_contain_text(re.compile(rf'event: {name}\s+data: {{.*"{post}"'))


def test_an_event_source_shows_the_post_of_its_page(
    open_page: OpenPage, origin: str, client: Client
) -> None:
    """It has no key, but a token in its address."""
    events = shown(open_page(with_event_source(), origin))
    expect(events).to_contain_text(re.compile(r"start {}\s+done {"))
    expect(events).to_contain_text(done(client.posts("general")[0]))


def test_an_event_source_misses_nothing_when_its_token_expires(
    open_page: OpenPage, origin: str, front: Front, client: Client, watch: Watch
) -> None:
    """The browser gives up after the 401, and the function opens another stream."""
    watch.tolerate("status of 401", "net::ERR_CONNECTION_RESET")
    tab = open_page(with_event_source(), origin)
    expect(shown(tab)).to_contain_text("done {")
    tab.route("**/v1/events?*", lambda route: route.fulfill(status=401), times=1)
    front.proxy.cut()
    missed = client.create_post("while the page has no stream")
    expect(shown(tab)).to_contain_text(done(missed))


@pytest.mark.parametrize("page", [fetching, with_event_source])
def test_a_page_of_another_origin_reads_and_posts_nothing(
    page: Callable[[], str],
    open_page: OpenPage,
    other_origin: str,
    client: Client,
    watch: Watch,
) -> None:
    """The browser asks the API first, and sends the key to it only for an allowed origin."""
    watch.tolerate(REFUSED, "net::ERR_FAILED", "Failed to fetch")
    before = client.posts("general")
    tab = open_page(page(), other_origin)
    while not any(REFUSED in fault for fault in watch.faults):  # the test's own timeout ends it
        tab.wait_for_timeout(50)
    expect(shown(tab)).to_be_empty()
    assert client.posts("general") == before
