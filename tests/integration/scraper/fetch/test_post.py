"""The POST of a webhook. test_ssrf.py tries all addresses."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from splitflap_core.contracts import WebhookRequest
from splitflap_core.telemetry import Metrics
from splitflap_scraper.fetch.errors import FetchError
from splitflap_scraper.fetch.post import Poster
from splitflap_scraper.fetch.targets.resolver import Resolve
from splitflap_scraper.process.settings import ScraperSettings
from splitflap_scraper.webhooks.handler import WebhookHandler

from tests.integration.scraper.fetching import Serve, answers, default_tls, time_limit
from tests.integration.scraper.site import page, redirect


def make_poster(resolve: Resolve | None = None, seconds: float = 5.0, **settings: Any) -> Poster:
    """Make a poster for loopback."""
    chosen = msgspec.convert({"scraper_allow_nets": "127.0.0.1/32", **settings}, ScraperSettings)
    more = {"resolve": resolve} if resolve else {}
    return Poster(
        chosen.fetch_config(default_tls()),
        time_limit(),
        Metrics("scraper"),
        chosen.webhook_limits,
        seconds,
        **more,
    )


def post(poster: Poster, url: str) -> int:
    """The status of a POST."""
    return poster.post(url, {"webhook-id": "an-id"}, b'{"a": 1}').status


def test_a_post_has_its_fields_and_its_body(serve: Serve) -> None:
    """Byte for byte, with its length."""
    site = serve(page("", status="204 X"))
    assert post(make_poster(), site.url("/hook?a=b")) == 204
    [request] = site.requests
    head, _, body = request.partition("\r\n\r\n")
    assert head.startswith("POST /hook?a=b HTTP/1.1\r\n")
    assert "\r\nwebhook-id: an-id" in head
    assert "\r\nContent-Type: application/json" in head
    assert "\r\nContent-Length: 8" in head
    assert body == '{"a": 1}'


def test_a_redirect_is_the_answer(serve: Serve) -> None:
    """Its target is not asked, wherever it is."""
    target = serve(page(""))
    site = serve(redirect(target.url("/"), "307 X"))
    assert post(make_poster(), site.url("/")) == 307
    assert target.connections == 0


def test_a_post_goes_to_no_page_of_splitflap_itself(serve: Serve) -> None:
    """Its GET may. A POST could change something there."""
    site = serve(page(""))
    own = site.url("/").removesuffix("/")
    poster = make_poster(scraper_allow_nets="", scraper_own_origin=own)
    with pytest.raises(FetchError, match="forbidden_address"):
        post(poster, site.url("/"))
    assert site.connections == 0


def test_the_fields_of_the_operator_for_a_host_are_not_sent(serve: Serve, tmp_path: Path) -> None:
    """They are secrets for previews. The owner of a key chooses this URL."""
    site = serve(page(""))
    fields = tmp_path / "fields.json"
    fields.write_text(json.dumps({site.url("/").removesuffix("/"): {"Authorization": "secret"}}))
    assert post(make_poster(scraper_host_headers=str(fields)), site.url("/")) == 200
    assert "secret" not in site.requests[0]


def test_the_post_goes_to_the_checked_address(serve: Serve) -> None:
    """The name is resolved once, and judged again for the next try."""
    site = serve(page(""))
    poster = make_poster(answers("127.0.0.1", "127.0.0.2"))
    assert post(poster, site.url("/", "rebind.test")) == 200
    with pytest.raises(FetchError, match="forbidden_address"):
        post(poster, site.url("/", "rebind.test"))
    assert len(site.requests) == 1


def test_the_retry_after_of_a_receiver_is_in_the_outcome(serve: Serve) -> None:
    """So is its status."""
    site = serve(page("", "Retry-After: 30", status="503 X"))
    handler = WebhookHandler(make_poster())
    request = WebhookRequest("an-id", 2, site.url("/"), 1, "v1,x", "{}")
    outcome = handler(request)
    assert (outcome.id, outcome.attempt) == ("an-id", 2)
    assert (outcome.status, outcome.after, outcome.reason) == (503, 30.0, None)


def test_a_receiver_without_an_answer_has_a_reason(serve: Serve) -> None:
    """The outcome has no status."""
    handler = WebhookHandler(make_poster())
    site = serve(lambda sock, _request: sock.close())
    outcome = handler(WebhookRequest("an-id", 1, site.url("/"), 1, "v1,x", "{}"))
    assert (outcome.status, outcome.reason) == (None, "closed")
    outcome = handler(WebhookRequest("an-id", 1, "no URL", 1, "v1,x", "{}"))
    assert (outcome.status, outcome.reason) == (None, "bad_url")
