"""Conditional requests: the preview of an unchanged page is renewed."""

import socket
from collections.abc import Callable

import msgspec
import pytest
from splitflap_core.contracts import ScrapeResult
from splitflap_core.outcomes import Done, Failed
from splitflap_core.telemetry import Metrics
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.process.handler import ScrapeHandler

from tests.integration.scraper.fetching import Serve, make_fetcher, scrape
from tests.integration.scraper.site import page, redirect

TAG = '"v1"'
DATE = "Tue, 24 Nov 2026 10:00:00 GMT"
UNCHANGED = b"HTTP/1.1 304 Not Modified\r\n\r\n"


def asking(metrics: Metrics | None = None) -> Callable[[str], ScrapeResult | Failed]:
    """Make a scraper for several requests."""
    counted = metrics or Metrics("scraper")
    scraper = ScrapeHandler(make_fetcher(metrics=counted), PUBLIC_ONLY, counted)

    def ask(url: str) -> ScrapeResult | Failed:
        outcome = scrape(scraper, url, attempt=5)
        if isinstance(outcome, Done):
            return msgspec.json.decode(outcome.result, type=ScrapeResult)
        assert isinstance(outcome, Failed)
        return outcome

    return ask


def versioned(*headers: str, unchanged: bytes = UNCHANGED) -> Callable[[socket.socket, str], None]:
    """Send the page only to clients with another version."""

    def respond(sock: socket.socket, request: str) -> None:
        is_known = TAG in request or f"If-Modified-Since: {DATE}" in request
        sock.sendall(unchanged if is_known else page("<title>T</title>", *headers))

    return respond


@pytest.mark.parametrize("header", [f"ETag: {TAG}", f"Last-Modified: {DATE}", f"ETag: W/{TAG}"])
def test_an_unchanged_page_renews_its_preview(serve: Serve, header: str) -> None:
    """The lifetime is that of the page. The server sends no body."""
    site, ask = serve(versioned(header, "Cache-Control: max-age=7200")), asking()
    first, second = ask(site.url()), ask(site.url())
    assert first == second == ScrapeResult("T", keep=7200, type="website")
    condition = "If-None-Match" if "ETag" in header else "If-Modified-Since"
    assert [condition in request for request in site.requests] == [False, True]


def test_conditional_requests_are_counted(serve: Serve) -> None:
    """The metric has separate labels for unchanged and for other pages."""
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


def test_a_304_may_set_a_new_lifetime(serve: Serve) -> None:
    """The Cache-Control of the 304 counts."""
    unchanged = UNCHANGED.replace(b"\r\n\r\n", b"\r\nCache-Control: max-age=9000\r\n\r\n")
    site, ask = serve(versioned(f"ETag: {TAG}", unchanged=unchanged)), asking()
    assert [ask(site.url()).keep for _ in range(3)] == [86_400, 9000, 9000]


def test_a_changed_page_is_read(serve: Serve) -> None:
    """The next request has the new validators."""
    said: list[str] = []

    def respond(sock: socket.socket, request: str) -> None:
        said.append(request)
        sock.sendall(page(f"<title>{len(said)}</title>", f'ETag: "v{len(said)}"'))

    site, ask = serve(respond), asking()
    assert [ask(site.url()).title for _ in range(3)] == ["1", "2", "3"]  # type: ignore[union-attr]
    assert 'If-None-Match: "v2"' in said[2]


def test_a_page_that_has_no_validators_is_read_again(serve: Serve) -> None:
    """A 304 to a plain request is a failure."""
    site, ask = serve(page("<title>T</title>")), asking()
    ask(site.url())
    ask(site.url())
    assert "If-" not in site.requests[1]
    failure = ask(serve(UNCHANGED).url())
    assert isinstance(failure, Failed)
    assert failure.reason == "http_304"


def test_validators_are_sent_only_to_their_url(serve: Serve) -> None:
    """A redirect, or a new target of it, gets none."""
    other = serve(versioned("X: y"))
    target = serve(versioned(f"ETag: {TAG}"))
    places = iter([target, target, other])
    site = serve(lambda sock, _: sock.sendall(redirect(next(places).url("/t"))))
    ask = asking()
    for _ in range(3):
        assert ask(site.url()) == ScrapeResult("T", keep=86_400, type="website")
    assert not any("If-" in request for request in (*site.requests, *other.requests))
    assert ["If-" in request for request in target.requests] == [False, True]


def test_the_validators_of_a_refreshing_page_are_not_sent(serve: Serve) -> None:
    """These validators do not belong to the target."""
    refresh = page('<meta http-equiv=refresh content="0;url=/t">', f"ETag: {TAG}")

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page("<title>T</title>") if " /t " in request else refresh)

    site, ask = serve(respond), asking()
    ask(site.url())
    ask(site.url())
    assert not any("If-" in request for request in site.requests)


def test_a_refreshed_page_is_renewed_by_its_target(serve: Serve) -> None:
    """The target's validators count."""
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


def test_a_truncated_page_is_never_renewed(serve: Serve) -> None:
    """Another read may give more of the page."""
    whole = page("<title>T</title>" + " " * 4000, f"ETag: {TAG}")
    site, ask = serve(whole[:-1000]), asking()
    ask(site.url())
    ask(site.url())
    assert "If-" not in site.requests[1]
