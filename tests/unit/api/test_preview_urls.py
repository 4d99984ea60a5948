"""The URLs of previews in responses: judged again, and at the operator's image proxy."""

import hashlib
import hmac
from collections.abc import Iterator
from ipaddress import ip_network
from typing import Any

import msgspec
import pytest
from splitflap_api.domain.posts.representation import represent
from splitflap_api.domain.preview_urls import PreviewUrls
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.settings import ApiSettings
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_core.contracts import IMAGE_FIELDS, URL_FIELDS, ScrapeResult
from splitflap_core.settings import BadSettings, load
from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.image_proxy import ImageProxy

from asyncrequest import PreconditionFailed, Preconditions

from .rig import Rig, done, outcome_of

A = "http://a.example/"
IMAGE = "https://i.example/a.png?b=1"
CAMO = ImageProxy("https://camo.example/{digest}/{hex}", "key")
PROXIED = (
    f"https://camo.example/{hmac.new(b'key', IMAGE.encode(), hashlib.sha1).hexdigest()}"
    f"/{IMAGE.encode().hex()}"
)


def previewed(rig: Rig, **fields: Any) -> Any:
    """A post with a link, whose preview has these fields."""
    state = rig.post()
    [scrape] = rig.rendered(rig.job(state), A)
    rig.apply(outcome_of(scrape, done(ScrapeResult(**fields))))
    return state


@pytest.fixture
def proxying(store: Store) -> Iterator[Rig]:
    """An API with an image proxy."""
    made = Rig(store, urls=PreviewUrls(proxy=CAMO))
    made.acceptor.start()
    yield made
    made.acceptor.stop(10)


def shown(rig: Rig) -> Any:
    """The preview of the one post."""
    post = rig.read_post(rig.row("posts")["id"])
    assert post is not None
    return post.links[0].preview


def test_images_of_previews_go_through_the_proxy(proxying: Rig) -> None:
    """In posts, final responses and previews. A page opens by a click, so it has its own URL."""
    fields = dict.fromkeys(URL_FIELDS, IMAGE) | {"image_width": 9, "image_height": 8}
    state = previewed(proxying, **fields)
    final = proxying.body(state)["links"][0]["preview"]
    fetched = proxying.body(proxying.accept(FetchPreview(A, refresh=False)))
    for each in (final, fetched, msgspec.to_builtins(shown(proxying))):
        for name in URL_FIELDS:
            assert each[name] == (PROXIED if name in IMAGE_FIELDS else IMAGE), name
        assert (each["image_width"], each["image_height"]) == (9, 8)


def test_stored_previews_are_independent_of_the_proxy(proxying: Rig) -> None:
    """Another proxy, or none, holds for them at once."""
    previewed(proxying, image=IMAGE)
    assert proxying.row("previews")["image"] == IMAGE
    assert shown(proxying).image == PROXIED
    proxying.urls = PreviewUrls(proxy=ImageProxy("/proxy?u={url}"))
    assert shown(proxying).image == "/proxy?u=https%3A%2F%2Fi.example%2Fa.png%3Fb%3D1"
    proxying.urls = PreviewUrls()
    assert shown(proxying).image == IMAGE


def test_the_etag_of_a_post_holds_behind_a_proxy(proxying: Rig) -> None:
    """An edit checks the tag that a read has given. Another proxy changes the tag."""
    previewed(proxying, image=IMAGE)
    post = proxying.read_post(proxying.row("posts")["id"])
    assert post is not None
    old = represent(post)[1]
    proxying.urls = PreviewUrls(proxy=ImageProxy("https://other.example/{hex}"))
    with pytest.raises(PreconditionFailed):
        proxying.edit(post.id, "b", Preconditions(if_match=frozenset({old})))
    other = proxying.read_post(post.id)
    assert other is not None
    proxying.edit(post.id, "b", Preconditions(if_match=frozenset({represent(other)[1]})))
    assert proxying.row("posts")["text"] == "b"


@pytest.mark.parametrize(
    "url",
    [
        "http://router.local/x.png",
        "http://wiki/x.png",
        "http://metadata.google.internal/x.png",
        "http://2130706433/x.png",
        "http://127.0.0.1.nip.io/x.png",
        "http://i.example:6379/x.png",
        "https://user:secret@i.example/x.png",
        "javascript:alert(1)",
    ],
)
@pytest.mark.parametrize("name", URL_FIELDS)
def test_a_stored_preview_of_an_earlier_release_is_judged_again(
    rig: Rig, name: str, url: str
) -> None:
    """A reader's browser would open it. The size of a picture goes with it."""
    previewed(rig, title="T", image_width=9, image_height=8)
    rig.change(schema.previews, **{name: url})
    assert getattr(shown(rig), name) is None
    assert shown(rig).image_width is None
    assert shown(rig).title == "T"


def test_a_stored_preview_of_the_operators_own_network_is_shown(rig: Rig) -> None:
    """By the settings of today."""
    previewed(rig, title="T")
    rig.change(schema.previews, image="http://10.1.2.3/a", icon="http://wiki.corp/a")
    assert (shown(rig).image, shown(rig).icon) == (None, None)
    rules = AddressRules((ip_network("10.1.0.0/16"),), (), frozenset({"corp"}))
    rig.urls = PreviewUrls(rules)
    assert (shown(rig).image, shown(rig).icon) == ("http://10.1.2.3/a", "http://wiki.corp/a")


def test_a_proxied_url_never_hides_a_private_one(proxying: Rig) -> None:
    """The proxy would fetch it from inside of the operator's network."""
    previewed(proxying, title="T")
    proxying.change(schema.previews, image="http://router.local/x.png", icon="http://10.0.0.1/")
    assert (shown(proxying).image, shown(proxying).icon) == (None, None)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("IMAGE_PROXY_URL", "https://p.example/"),
        ("IMAGE_PROXY_URL", "//p.example/{hex}"),
        ("IMAGE_PROXY_URL", "https://p.example/{digest}/{hex}"),
        ("PREVIEW_HOSTS", "a..b"),
        ("SCRAPER_ALLOW_HOSTS", "-%"),
    ],
)
def test_settings_of_urls_that_cannot_work_are_refused(name: str, value: str) -> None:
    """The error names the setting, or the missing key."""
    with pytest.raises(BadSettings, match=f"SPLITFLAP_{name.removesuffix('_URL')}"):
        load(ApiSettings, {f"SPLITFLAP_{name}": value})


def test_hosts_that_the_scraper_may_only_fetch_are_shown_too() -> None:
    """An installation in an intranet names them once."""
    settings = load(
        ApiSettings,
        {
            "SPLITFLAP_SCRAPER_ALLOW_HOSTS": "Wiki.corp.",
            "SPLITFLAP_PREVIEW_HOSTS": "nas, b\u00fccher",
        },
    )
    assert settings.address_rules.hosts == {"wiki.corp", "nas", "xn--bcher-kva"}
