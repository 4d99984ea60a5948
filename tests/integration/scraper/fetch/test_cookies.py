"""Cookies of a visit, with real servers. test_green runs the file on green threads too."""

import socket
import ssl
from itertools import count
from pathlib import Path

import pytest

from tests.integration.scraper.fetching import Serve, answers, make_fetcher, refused
from tests.integration.scraper.site import HEAD, MISSING, Respond, Site, page, redirect

OFF = page("<title>Cookies are off</title>")


def cookies(site: Site) -> list[str]:
    """Return the Cookie headers of the requests so far; empty without one."""
    lines = [line for each in site.requests for line in [*each.split("\r\n"), "end"]]
    found = [""]
    for line in lines:
        if line.startswith("Cookie: "):
            found[-1] = line.removeprefix("Cookie: ")
        elif line == "end":
            found.append("")
    return found[:-1]


def wanting_a_cookie(first: bytes, cookie: str = "a=b") -> Respond:
    """Answer a request without a cookie in another way."""

    def respond(sock: socket.socket, request: str) -> None:
        sock.sendall(page(HEAD) if f"Cookie: {cookie}\r\n" in request else first)

    return respond


def with_cookie(answer: bytes, *lines: str) -> bytes:
    """Add Set-Cookie headers to an answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    more = "".join(f"\r\nSet-Cookie: {line}" for line in lines).encode()
    return head + more + b"\r\n\r\n" + body


@pytest.mark.parametrize("status", ["301 X", "302 X", "303 X", "307 X", "308 X"])
def test_a_site_that_sets_a_cookie_and_redirects_to_itself_works(serve: Serve, status: str) -> None:
    """Without the cookie it would be a loop."""
    site = serve(wanting_a_cookie(with_cookie(redirect("/", status), "a=b; Path=/; HttpOnly")))
    assert make_fetcher().fetch(site.url()).head == "<title>T</title>"
    assert cookies(site) == ["", "a=b"]


def test_a_site_that_checks_for_cookies_works(serve: Serve) -> None:
    """It redirects to its check and back."""

    def respond(sock: socket.socket, request: str) -> None:
        path, has_cookie = request.split()[1], "Cookie: seen=1" in request
        if path == "/":
            sock.sendall(page(HEAD) if has_cookie else with_cookie(redirect("/check"), "seen=1"))
        else:
            sock.sendall(redirect("/") if has_cookie else OFF)

    assert make_fetcher().fetch(serve(respond).url()).head == "<title>T</title>"


def test_a_cookie_never_leaves_its_visit(serve: Serve) -> None:
    """The next visit begins without one, also on a kept connection."""
    site = serve(wanting_a_cookie(with_cookie(redirect("/"), "a=b")))
    fetcher = make_fetcher()
    for _ in range(2):
        fetcher.fetch(site.url())
    assert cookies(site) == ["", "a=b", "", "a=b"]


def test_a_cookie_never_goes_to_another_site(serve: Serve) -> None:
    """Neither its own nor one that another site sets for it."""
    other = serve(with_cookie(page(HEAD), "c=d"))
    lines = ("a=b", "a=b; Domain=test", "a=b; Domain=other.test", "a=b; Domain=127.0.0.1")
    site = serve(with_cookie(redirect(other.url("/", "other.test")), *lines))
    make_fetcher(answers("127.0.0.1")).fetch(site.url("/", "site.test"))
    assert cookies(other) == [""]


def test_a_cookie_comes_back_after_another_site(serve: Serve) -> None:
    """A log-in page of another site sends the reader back."""
    back: list[str] = []
    other = serve(lambda sock, _request: sock.sendall(with_cookie(redirect(back[0]), "c=d")))
    site = serve(wanting_a_cookie(with_cookie(redirect(other.url("/", "other.test")), "a=b")))
    back.append(site.url("/", "site.test"))
    make_fetcher(answers("127.0.0.1")).fetch(back[0])
    assert (cookies(site), cookies(other)) == (["", "a=b"], [""])


def test_a_cookie_of_a_domain_goes_to_its_subdomains(serve: Serve) -> None:
    """The site moves from one to the other."""
    site = serve(
        wanting_a_cookie(
            with_cookie(redirect("http://www.site.test:{port}/"), "a=b; Domain=.site.test", "c=d")
        )
    )

    def respond(sock: socket.socket, request: str) -> None:
        to = redirect(site.url("/", "www.site.test"))
        sock.sendall(with_cookie(to, "a=b; Domain=site.test", "c=d"))

    first = serve(respond)
    make_fetcher(answers("127.0.0.1")).fetch(first.url("/", "site.test"))
    assert cookies(site) == ["a=b"]


def test_the_request_for_robots_has_no_cookie(serve: Serve) -> None:
    """All visits share its answer."""

    def respond(sock: socket.socket, request: str) -> None:
        if "GET /robots.txt" in request:
            sock.sendall(with_cookie(MISSING, "robots=1"))
        elif "GET /1" in request:
            sock.sendall(with_cookie(redirect(f"http://127.0.0.2:{site.port}/2"), "a=b"))
        else:
            sock.sendall(page(HEAD))

    site = serve(respond, host="0.0.0.0")
    fetcher = make_fetcher(scrape_robots=True, scraper_allow_nets="127.0.0.0/8")
    fetcher.fetch(site.url("/1"))
    assert [each.split()[1] for each in site.requests] == ["/robots.txt", "/1", "/robots.txt", "/2"]
    assert cookies(site) == [""] * 4


def test_a_secure_cookie_needs_https(
    serve: Serve, certificate: Path, server_tls: ssl.SSLContext
) -> None:
    """Other cookies follow a redirect from https to http, as in browsers."""
    plain = serve(page(HEAD))
    lines = ("a=b; Secure", "__Host-c=d; Secure; Path=/", "e=f")
    first = with_cookie(redirect(plain.url("/", "site.test")), *lines)
    site = serve(first, tls=server_tls)
    fetcher = make_fetcher(answers("127.0.0.1"), scraper_ca_file=str(certificate))
    fetcher.fetch(site.url("/", "site.test"))
    assert cookies(plain) == ["e=f"]


def test_a_loop_that_sets_a_cookie_each_time_ends(serve: Serve) -> None:
    """Each redirect counts."""
    numbers = count()

    def respond(sock: socket.socket, _request: str) -> None:
        sock.sendall(with_cookie(redirect("/"), f"n={next(numbers)}"))

    site = serve(respond)
    assert refused(make_fetcher(), site.url()).reason == "too_many_redirects"
    assert len(site.requests) == 6


@pytest.mark.parametrize("line", ["a=b", "a=b; Path=/x", "a=b; Domain=com", "a=; Max-Age=0"])
def test_a_loop_that_changes_no_cookie_ends_at_once(serve: Serve, line: str) -> None:
    """Two requests, or one if the cookie is refused."""
    site = serve(with_cookie(redirect("/"), line))
    assert refused(make_fetcher(), site.url()).reason == "too_many_redirects"
    assert len(site.requests) == (2 if line == "a=b" else 1)


def test_a_thousand_cookies_are_too_large(serve: Serve) -> None:
    """The head has a limit of fields. Fewer cookies are cut to those of a jar."""
    many = [f"n{number}=1" for number in range(1000)]
    assert refused(make_fetcher(), serve(with_cookie(page(HEAD), *many)).url()).reason == (
        "too_large"
    )
    site = serve(page(HEAD))
    first = serve(with_cookie(redirect(site.url()), *many[:95]))
    make_fetcher().fetch(first.url())
    assert len(cookies(site)[0].split("; ")) == 50


def test_a_huge_cookie_is_not_sent(serve: Serve) -> None:
    """Many large ones are cut to a header of 6 KiB, which servers accept."""
    site = serve(page(HEAD))
    first = serve(with_cookie(redirect(site.url()), "a=" + "x" * 30_000, "b=1"))
    make_fetcher().fetch(first.url())
    assert cookies(site) == ["b=1"]
    large = [f"n{number}={'x' * 3000}" for number in range(15)]
    make_fetcher().fetch(serve(with_cookie(redirect(site.url()), *large)).url())
    assert 3000 < len(cookies(site)[1]) < 6 * 1024
