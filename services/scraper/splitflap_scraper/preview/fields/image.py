"""The picture and the icon of a page."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from splitflap_core.urls.addresses import AddressRules
from splitflap_core.urls.shown import shown_url
from splitflap_core.urls.web_url import BadUrl

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import single

#: Least size (pixels) of a picture. Smaller images are icons and counters.
MIN_PIXELS = 50

#: Least width (pixels) of an image in the text, if the page gives its width.
MIN_CONTENT_PIXELS = 200

#: Placeholder images, and images common to many pages of a site.
_NOTHING = re.compile(
    r"(?i)(?:^|[/_.=-])(?:pixel|spacer|blank|transparent|1x1|clear|empty|tracking|beacon"
    r"|noimage|no-image"
    r"|no_image|placeholder|lazy|grey|loading)(?:[_.-]?(?:gif|png|jpe?g|svg|image|img))?(?:[?/.]|$)"
    r"|(?:facebook\.com/tr|google-analytics\.com|doubleclick\.net|scorecardresearch\.com)"
)
_COMMON = re.compile(
    r"(?i)(?:^|[/_.-])(?:logo|logos|default|fallback|favicon|apple-touch-icon|og-default"
    r"|social-default"
    r"|sharing-default|site-icon)(?:[/_.@0-9-]|$)"
)
_SMALL = re.compile(
    r"(?i)avatar|gravatar|emoji|icon|badge|logo|sprite|button|spinner|shields\.io|\.svg(?:\?|$)"
)

_OPEN_GRAPH = ("og:image", "og:image:url", "og:image:secure_url")
_TWITTER = ("twitter:image", "twitter:image:src", "twitter:image0")

#: Best size (pixels) of an icon beside a line of text on dense screens.
BEST_ICON = 32


@dataclass(frozen=True)
class Picture:
    """An image by its absolute URL, with its size in pixels if the page gives it."""

    url: str
    width: int | None = None
    height: int | None = None


def picture(sources: Sources, rules: AddressRules) -> Picture | None:
    """Return the first image that is specific to the page, else one common to the site."""
    common = None
    for found in _candidates(sources):
        shown = _shown(sources.page, found, rules)
        if shown is None or not _is_picture(shown):
            continue
        if not _COMMON.search(shown.url.partition("//")[2].partition("/")[2]):
            return shown
        common = common or shown
    return common


def icon(page: Document, rules: AddressRules) -> str | None:
    """Return the URL of the icon that fits best, or None."""
    links = [*page.linked("icon"), *page.linked("apple-touch-icon"),
             *page.linked("apple-touch-icon-precomposed")]  # fmt: skip
    ranked = sorted(enumerate(links), key=lambda each: _icon_rank(each[1], each[0]))
    for _, link in ranked:
        if shown := _shown(page, Picture(link.get("href")), rules):
            return shown.url
    return None


def shown(url: str | None, rules: AddressRules) -> str | None:
    """Return the canonical form of a URL that the preview may show, or None."""
    try:
        return shown_url(url, rules) if url else None
    except BadUrl:
        return None


def _candidates(sources: Sources) -> Iterator[Picture]:
    page, graph, node = sources.page, sources.graph, sources.node
    yield from _open_graph(page.metas)
    yield from map(Picture, page.meta(*_TWITTER))
    for url, about in graph.urls(node, "image", "thumbnailUrl", "primaryImageOfPage", "thumbnail"):
        yield Picture(url, _pixels(about.get("width")), _pixels(about.get("height")))
    for url, about in sources.microdata.urls("image", "thumbnailUrl", "thumbnail"):
        yield Picture(url, _pixels(about.get("width")), _pixels(about.get("height")))
    yield from map(
        Picture,
        page.meta(
            "thumbnail", "sailthru.image.full", "parsely-image-url", "msapplication-tileimage"
        )[:2],
    )
    yield from (Picture(each.get("href")) for each in page.linked("image_src"))
    for each in page.images:
        # Images of the main item are marked. Those of other items belong to offers or comments.
        is_text = "itemprop" not in each.attributes or each.region & PageRegion.ARTICLE
        if is_text and (found := _content_image(each)):
            yield found


def _open_graph(metas: Iterable[tuple[str, str]]) -> Iterator[Picture]:
    """Yield each og:image with the metas after it: its secure form and size (ogp.me, "arrays")."""
    now: Picture | None = None
    for name, content in metas:
        if name in {"og:image", "og:image:url"} or (name == "og:image:secure_url" and now is None):
            if now is not None and (name == "og:image" or not now.url) and now.url != content:
                yield now
                now = None
            now = replace(now, url=now.url or content) if now else Picture(content)
        elif now is not None and name == "og:image:secure_url" and not content.startswith("http:"):
            now = replace(now, url=content)
        elif now is not None and name == "og:image:width":
            now = replace(now, width=_pixels(content))
        elif now is not None and name == "og:image:height":
            now = replace(now, height=_pixels(content))
    if now is not None:
        yield now


def _content_image(image: Element) -> Picture | None:
    width, height = _pixels(image.get("width")), _pixels(image.get("height"))
    source = image.source
    about = " ".join((source, image.get("class"), image.get("id")))
    if _SMALL.search(about) or (
        image.region & PageRegion.HEADER and not image.region & PageRegion.ARTICLE
    ):
        return None
    if width is not None and width < MIN_CONTENT_PIXELS:
        return None
    return Picture(source, width, height)


def _shown(page: Document, found: Picture, rules: AddressRules) -> Picture | None:
    url = shown(page.resolved(found.url), rules)
    return replace(found, url=url) if url else None


def _is_picture(found: Picture) -> bool:
    sizes = [each for each in (found.width, found.height) if each is not None]
    path = found.url.partition("//")[2]
    return min(sizes, default=MIN_PIXELS) >= MIN_PIXELS and not _NOTHING.search(path)


def _pixels(value: object) -> int | None:
    value = single(value)
    text = str(value).strip().lower().removesuffix("px") if value is not None else ""
    text = text.partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) else None  # noqa: PLR2004 - no image has more digits


def _icon_rank(link: Element, index: int) -> tuple[int, int]:
    """Return a rank, lower for a better icon. The nearest size above BEST_ICON is best."""
    relation, kind = link.get("rel").lower(), link.get("type").lower()
    sizes = [
        int(each.split("x")[0])
        for each in link.get("sizes").lower().split()
        if re.fullmatch(r"\d{1,4}x\d{1,4}", each)
    ]
    is_touch = "apple" in relation
    if "mask-icon" in relation:
        return 9, index
    if kind == "image/svg+xml" or link.get("href").lower().split("?")[0].endswith(".svg"):
        return 0, index
    if is_touch:
        return 3, index
    if sizes and max(sizes) >= BEST_ICON:
        return 1, min(each for each in sizes if each >= BEST_ICON)
    return 4 if sizes else 2, index
