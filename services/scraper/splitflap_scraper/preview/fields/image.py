"""The picture and the icon of a page."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import NamedTuple

from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.preview.fields.image_words import is_common, is_nothing
from splitflap_scraper.preview.fields.text_images import images_of_text, pixels
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import ORGANIZATIONS, Node, text_in
from splitflap_scraper.preview.urls import shown_reference
from splitflap_scraper.preview.words.metas import METAS

_TWITTER = ("twitter:image", "twitter:image:src", "twitter:image0")

#: Least size (pixels) of a picture. Smaller images are icons and counters.
MIN_PIXELS = 50

#: Logos of a page that are compared with its images.
MAX_LOGOS = 5

#: Pictures and icons tried. Real pages have one that is valid among the first.
MAX_PICTURES = 30
MAX_ICONS = 10

#: Icons that are ranked. Real pages have up to 30, of all sizes.
MAX_RANKED = 60

#: Characters read of the sizes of an icon.
MAX_SIZES = 200

#: Best size (pixels) of an icon beside a line of text on dense screens.
BEST_ICON = 32


class Picture(NamedTuple):
    """An image by its absolute URL, with its size in pixels and its text if the page has them."""

    url: str
    width: int | None = None
    height: int | None = None
    alt: str = ""


def pictures(sources: Sources, rules: AddressRules) -> Iterator[Picture]:
    """Yield the images that are specific to the page, then those common to the site."""
    page, logos = sources.page, _logos(sources)
    common, seen = list[Picture](), set[str]()
    for found in islice(chain(_candidates(sources), map(Picture, logos)), MAX_PICTURES):
        url = page.pace.after(shown_reference(page, found.url, rules))
        image = found._replace(url=url) if url and url not in seen else None
        if image is None or not _is_picture(image, page.url):
            continue
        seen.add(image.url)
        if is_common(image.url) or found.url in logos:
            common.append(image)
        else:
            yield _with_alt(sources, image, rules)
    yield from (_with_alt(sources, each, rules) for each in common)


def icon(page: Document, rules: AddressRules) -> str | None:
    """Return the URL of the icon that fits best, or None."""
    links = [*page.linked("icon"), *page.linked("apple-touch-icon"),
             *page.linked("apple-touch-icon-precomposed")]  # fmt: skip
    ranked = list(enumerate(links[:MAX_RANKED]))
    if len(links) > 1:
        ranked.sort(key=lambda each: page.pace.after(_icon_rank(each[1], each[0])))
    for _, link in ranked[:MAX_ICONS]:
        if url := page.pace.after(shown_reference(page, link.get("href"), rules)):
            return url
    return None


def _candidates(sources: Sources) -> Iterator[Picture]:
    page = sources.page
    yield from _open_graph(page.metas)
    yield from _of_twitter(page)
    yield from _of_nodes(sources)
    for url, about in sources.microdata.urls("image", "thumbnailUrl", "thumbnail"):
        yield _sized(url, about)
    yield from map(Picture, page.meta(*METAS["images"])[:2])
    yield from (Picture(each.get("href")) for each in page.linked("image_src"))
    if not sources.is_listing:
        # The images of a list are those of its teasers.
        yield from (Picture(*each) for each in images_of_text(page))
    # The icon of the site for Windows.
    yield from map(Picture, page.meta("msapplication-tileimage")[:1])


def _of_nodes(sources: Sources) -> Iterator[Picture]:
    """Yield the images of the page in JSON-LD, then the stills of its videos."""
    graph = sources.graph
    for node in sources.nodes:
        for name in ("image", "thumbnailUrl", "primaryImageOfPage", "thumbnail"):
            yield from (_sized(url, about) for url, about in graph.urls(node, name))
    for video in sources.values("video"):
        if isinstance(video, dict):
            yield from (_sized(url, about) for url, about in graph.urls(video, "thumbnailUrl"))


def _logos(sources: Sources) -> list[str]:
    """Return the logos of the site and its owner."""
    graph = sources.graph
    if not graph.nodes:
        return []
    owners = [each for each in sources.values("publisher") if isinstance(each, dict)]
    owners += [each for each in graph.of_type(ORGANIZATIONS) if each not in sources.nodes]
    found = (
        url
        for owner in owners[:MAX_LOGOS]
        # The image of an organization is its campus or its shop, and not its sign.
        for name in (("logo", "image") if sources.identity.is_front else ("logo",))
        for url, _ in graph.urls(owner, name)
    )
    return list(dict.fromkeys(islice(found, MAX_LOGOS)))


def _of_twitter(page: Document) -> Iterator[Picture]:
    alt = next(iter(page.meta("twitter:image:alt")), "")
    for index, url in enumerate(page.meta(*_TWITTER)):
        yield Picture(url, alt="" if index else alt)


def _with_alt(sources: Sources, image: Picture, rules: AddressRules) -> Picture:
    """Return an image with its own text, else with that of the same image in another source."""
    page, after = sources.page, sources.page.pace.after
    texts = (Picture(each.source, alt=each.get("alt")) for each in page.images)
    others = chain(_of_twitter(page), _of_nodes(sources), texts) if not image.alt else ()
    # Most other images differ in their names, so few URLs are resolved.
    alike = (each for each in others if each.alt and _name(each.url) in image.url)
    same = (
        each.alt for each in alike if after(shown_reference(page, each.url, rules)) == image.url
    )
    return image._replace(alt=next(same, image.alt))


def _name(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2].strip()[:100]


def _sized(url: str, about: Node) -> Picture:
    alt = text_in(about.get("caption") or about.get("description")) or ""
    return Picture(url, pixels(about.get("width")), pixels(about.get("height")), alt)


def _open_graph(metas: Iterable[tuple[str, str]]) -> Iterator[Picture]:
    """Yield each og:image with the metas after it: its secure form, size and text (ogp.me)."""
    now: Picture | None = None
    for name, content in metas:
        if name in {"og:image", "og:image:url"} or (name == "og:image:secure_url" and now is None):
            if now is not None and (name == "og:image" or not now.url) and now.url != content:
                yield now
                now = None
            now = now or Picture(content)
        elif now is not None and name == "og:image:secure_url" and not content.startswith("http:"):
            now = now._replace(url=content)
        elif now is not None and name == "og:image:width":
            now = now._replace(width=pixels(content))
        elif now is not None and name == "og:image:height":
            now = now._replace(height=pixels(content))
        elif now is not None and name == "og:image:alt":
            now = now._replace(alt=content)
    if now is not None:
        yield now


def _is_picture(found: Picture, page: str) -> bool:
    """Whether an image may be a picture. A page, and the front page of a site, are none."""
    sizes = [each for each in (found.width, found.height) if each is not None]
    is_large = min(sizes, default=MIN_PIXELS) >= MIN_PIXELS
    return is_large and not is_nothing(found.url) and found.url != page.partition("#")[0]


def _icon_rank(link: Element, index: int) -> tuple[int, int]:
    """Return a rank, lower for a better icon. The nearest size above BEST_ICON is best."""
    relation, kind = link.get("rel").lower(), link.get("type").lower()
    if "mask-icon" in relation or "dark" in link.get("media").lower():
        return 9, index
    if "apple" in relation:
        return 3, index
    if kind == "image/svg+xml" or link.get("href").lower().split("?")[0].endswith(".svg"):
        return 0, index
    sizes = [
        int(each.split("x")[0])
        for each in link.get("sizes")[:MAX_SIZES].lower().split()
        if re.fullmatch(r"\d{1,4}x\d{1,4}", each)
    ]
    if sizes and max(sizes) >= BEST_ICON:
        return 1, min(each for each in sizes if each >= BEST_ICON)
    return 4 if sizes else 2, index
