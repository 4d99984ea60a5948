"""A page that has not changed is not sent again, and its preview is renewed."""

import socket
import time
from collections.abc import Callable

import msgspec
import pytest
from splitflap_core.contracts import Job, ScrapeRequest, ScrapeResult
from splitflap_core.outcomes import Done, Failed
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.fetch.http.validators import Validators, validators_of
from splitflap_scraper.fetch.targets.urls import target_of
from splitflap_scraper.preview import cache
from splitflap_scraper.preview.cache import CachedPreview, PreviewCache, weight_of
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.process.handler import ScrapeHandler

from .conftest import Site, make_fetcher, page, redirect

Serve = Callable[..., Site]

TAG = '"v1"'
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"


def asking(metrics: Metrics | None = None) -> Callable[[str], ScrapeResult | Failed]:
    """A scraper that is asked several times."""
    counted = metrics or Metrics("scraper")
    scraper = ScrapeHandler(make_fetcher(metrics=counted), (), counted)

    def ask(url: str) -> ScrapeResult | Failed:
        job = Job("j", "scrape", 5, time.time(), msgspec.Raw(b"{}"))
        outcome = scraper(job, ScrapeRequest(url))
        if isinstance(outcome, Done):
            return msgspec.json.decode(outcome.result, type=ScrapeResult)
        assert isinstance(outcome, Failed)
        return outcome

    return ask


def versioned(*headers: str, unchanged: bytes = UNCHANGED) -> Callable[[socket.socket, str], None]:
    """A site that sends its page to those who do not have it yet."""

    def respond(sock: socket.socket, request: str) -> None:
        is_known = TAG in request or f"If-Modified-Since: {DATE}" in request
        sock.sendall(unchanged if is_known else page("<title>T</title>", *headers))

    return respond


@pytest.mark.parametrize("header", [f"ETag: {TAG}", f"Last-Modified: {DATE}", f"ETag: W/{TAG}"])
def test_a_page_that_has_not_changed(serve: Serve, header: str) -> None:
    """The same preview, for as long as the page was fresh, without its body."""
    site, ask = serve(versioned(header, "Cache-Control: max-age=7200")), asking()
    first, second = ask(site.url()), ask(site.url())
    assert first == second == ScrapeResult("T", keep=7200, type="website")
    condition = "If-None-Match" if "ETag" in header else "If-Modified-Since"
    assert [condition in request for request in site.requests] == [False, True]


def test_conditions_are_counted(serve: Serve) -> None:
    """By what came of them; requests without conditions are not."""
    metrics, answers = Metrics("scraper"), iter([UNCHANGED, UNCHANGED, page("<title>U</title>")])
    ask = asking(metrics)

    def respond(sock: socket.socket, request: str) -> None:
        fresh = page("<title>T</title>", f"ETag: {TAG}")
        sock.sendall(next(answers) if TAG in request else fresh)

    site = serve(respond)
    assert [ask(site.url()).title for _ in range(4)] == ["T", "T", "T", "U"]  # type: ignore[union-attr]
    said = metrics.exposition().decode()
    name = "splitflap_scraper_conditional_requests_total"
    assert f'{name}{{answer="unchanged"}} 2.0' in said
    assert f'{name}{{answer="other"}} 1.0' in said


def test_a_new_time(serve: Serve) -> None:
    """What the server says with its 304 counts."""
    unchanged = UNCHANGED.replace(b"\r\n\r\n", b"\r\nCache-Control: max-age=9000\r\n\r\n")
    site, ask = serve(versioned(f"ETag: {TAG}", unchanged=unchanged)), asking()
    assert [ask(site.url()).keep for _ in range(3)] == [86_400, 9000, 9000]


def test_a_page_that_has_changed(serve: Serve) -> None:
    """It is read, and its new validators are the ones that are sent."""
    said: list[str] = []

    def respond(sock: socket.socket, request: str) -> None:
        said.append(request)
        sock.sendall(page(f"<title>{len(said)}</title>", f'ETag: "v{len(said)}"'))

    site, ask = serve(respond), asking()
    assert [ask(site.url()).title for _ in range(3)] == ["1", "2", "3"]  # type: ignore[union-attr]
    assert 'If-None-Match: "v2"' in said[2]


def test_who_has_no_validators_is_not_asked(serve: Serve) -> None:
    """And a 304 that nobody asked for is a failure."""
    site, ask = serve(page("<title>T</title>")), asking()
    ask(site.url())
    ask(site.url())
    assert "If-" not in site.requests[1]
    failure = ask(serve(UNCHANGED).url())
    assert isinstance(failure, Failed)
    assert failure.reason == "http_304"


def test_validators_go_where_they_came_from(serve: Serve) -> None:
    """A redirect on the way gets none; neither does a page to which it leads now."""
    other = serve(versioned("X: y"))
    target = serve(versioned(f"ETag: {TAG}"))
    places = iter([target, target, other])
    site = serve(lambda sock, _: sock.sendall(redirect(next(places).url("/t"))))
    ask = asking()
    for _ in range(3):
        assert ask(site.url()) == ScrapeResult("T", keep=86_400, type="website")
    assert not any("If-" in request for request in (*site.requests, *other.requests))
    assert ["If-" in request for request in target.requests] == [False, True]


def test_a_page_that_leads_on(serve: Serve) -> None:
    """Its own change says nothing of the page that it leads to."""
    refresh = page('<meta http-equiv=refresh content="0;url=/t">', f"ETag: {TAG}")

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page("<title>T</title>") if " /t " in request else refresh)

    site, ask = serve(respond), asking()
    ask(site.url())
    ask(site.url())
    assert not any("If-" in request for request in site.requests)


def test_a_page_that_has_led_on(serve: Serve) -> None:
    """Its preview is of the page that it has led to, and is renewed where that has not changed."""
    refresh = page('<meta http-equiv=refresh content="0;url=/t">', 'ETag: "other"')
    begins = iter([refresh, redirect("/t"), page("<title>New</title>", 'ETag: "other"')])
    target = versioned(f"ETag: {TAG}")

    def respond(sock: socket.socket, request: str) -> None:
        if " /t " in request:
            target(sock, request)
        else:
            sock.sendall(next(begins))

    site, ask = serve(respond), asking()
    titles = [ask(site.url()).title for _ in range(3)]  # type: ignore[union-attr]
    assert titles == ["T", "T", "New"]
    assert ["If-None-Match" in each for each in site.requests] == [False, False, False, True, False]


def test_a_page_that_was_cut_off(serve: Serve) -> None:
    """What was learned of it is not what another would learn."""
    whole = page("<title>T</title>" + " " * 4000, f"ETag: {TAG}")
    site, ask = serve(whole[:-1000]), asking()
    ask(site.url())
    ask(site.url())
    assert "If-" not in site.requests[1]


@pytest.mark.parametrize(
    "headers",
    [
        {"ETag": "unquoted"},
        {"ETag": '"a"b"'},
        {"ETag": '"a b"'},
        {"ETag": '"' + "x" * 300 + '"'},
        {"Last-Modified": "yesterday"},
        {"Last-Modified": "Tue, 24 Nov 2026 10:00:00 GMT, x"},
        {},
    ],
)
def test_validators_that_are_none(headers: dict[str, str]) -> None:
    """Nothing of a server's making stands in a request that is not of the standard's form."""
    assert validators_of("http://a.test/", Headers(headers.items())) is None


def test_a_tag_goes_before_a_date() -> None:
    """Whoever has both is asked by the tag."""
    headers = Headers([("ETag", TAG), ("Last-Modified", DATE)])
    validators = validators_of("http://a.test/", headers)
    assert validators is not None
    assert validators.lines_for(target_of("http://a.test/")) == f"If-None-Match: {TAG}\r\n"
    assert validators.lines_for(target_of("http://a.test/x")) == ""


def made(title: str, tag: str = TAG) -> CachedPreview:
    """A preview."""
    return CachedPreview(Metadata(title), 600, Validators("http://a.test/", tag, ""))


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes in all, and the time since a page was read."""
    now = 1000.0
    lately = PreviewCache(lambda: now)
    monkeypatch.setattr(cache, "MAX_WEIGHT", 100_000)
    for number in range(500):
        lately.put(f"http://a.test/{number}", made("x" * 300))
    assert len(lately) == 100_000 // (1500 + 2 * 300)
    assert lately.get("http://a.test/0") is None
    assert lately.get("http://a.test/499") is not None
    now += 7 * 86_400
    assert lately.get("http://a.test/499") is None


def test_what_is_put_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts once; a page that has lost its validators is forgotten."""
    lately = PreviewCache()
    for _ in range(3):
        lately.put("http://a.test/", made("x"))
    assert lately.weight == weight_of(made("x"))
    lately.put("http://a.test/", CachedPreview(Metadata("x"), 600))
    assert (lately.weight, lately.get("http://a.test/")) == (0, None)
