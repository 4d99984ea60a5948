"""The images in the text of a page that may stand for it."""

import re
from collections.abc import Iterator

from splitflap_scraper.page.document import Document, Element
from splitflap_scraper.page.regions import PageRegion
from splitflap_scraper.preview.fields.image_words import is_sign, is_small
from splitflap_scraper.preview.structured.jsonld import single

#: Least width (pixels) of an image in the text, if the page gives its width.
MIN_WIDTH = 200

#: Least size (pixels) of an image on a page that does not mark its article; and the greatest
#: proportion of its width to its height, since banners are wider.
MIN_PLAIN_WIDTH, MIN_PLAIN_HEIGHT = 300, 150
MAX_PROPORTION = 3

_PHOTO = re.compile(r"(?i)\.(?:jpe?g|webp|avif)(?:[?#]|$)")

#: Classes of images that systems of many sites give to those of the text.
_OF_TEXT = re.compile(r"(?i)\b(?:wp-post-image|wp-image-\d|size-(?:full|large|medium_large)|"
                      r"featured[_-]?image|post-thumbnail|hero-image|main-image)")  # fmt: skip

#: Elements of films. Their poster is a picture.
_FILMS = frozenset({"video", "amp-video"})

_TEXT = PageRegion.ARTICLE | PageRegion.CONTENT

#: URL, width, height and text.
Found = tuple[str, int | None, int | None, str]


def images_of_text(page: Document) -> Iterator[Found]:
    """Yield the images of the article; of a page without one, large images in its text."""
    # Images of the main item are marked. Those of other items belong to offers or comments.
    unmarked = [each for each in page.images if "itemprop" not in each.attributes]
    inside = [each for each in page.images if each.region & _TEXT]
    after = page.pace.after
    yield from _with_pictures(inside)
    if not inside:
        start = next((each.index for each in page.headings if each.name == "h1"), -1)
        # Without a heading, only large images count.
        texts = [each.index for each in page.texts if start >= 0 and after(_is_long(each))]
        end = max(texts, default=0)
        yield from _with_pictures([
            each for each in unmarked
            if each.index > start
            and after(_is_large(each) or (each.index < end and _is_photo(each)))
        ])  # fmt: skip


def pixels(value: object) -> int | None:
    """Return a size in pixels, or None for no such number."""
    value = single(value)
    if isinstance(value, dict):
        value = value.get("value")
    text = str(value).strip().lower().removesuffix("px") if value is not None else ""
    text = text.partition(".")[0]
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 5 and int(text) else None  # noqa: PLR2004 - no image has more digits


def _with_pictures(images: list[Element]) -> Iterator[Found]:
    """Yield each image, and then the sources of its <picture>, which come before it."""
    waiting: list[Element] = []
    for each in images:
        if each.name == "source":
            waiting.append(each)
            continue
        if _may_stand_for_text(each):
            for image in (each, *waiting):
                yield from _found(image)
        waiting = []
    for image in waiting:
        yield from _found(image)


def _found(image: Element) -> Iterator[Found]:
    width, height = pixels(image.get("width")), pixels(image.get("height"))
    # A placeholder may stand where a script sets the source.
    sources = [image.get("poster")] if image.name in _FILMS else image.sources
    yield from ((each, width, height, image.get("alt")) for each in sources if each)


def _may_stand_for_text(image: Element) -> bool:
    # The photo of a microformat is a portrait or that of the post.
    classes = image.get("class").replace("u-photo", "") if _is_large(image) else image.get("class")
    about = " ".join((image.source, classes, image.get("id")))
    width = pixels(image.get("width"))
    is_in_header = image.region & PageRegion.HEADER and not image.region & _TEXT
    is_beside = image.region & PageRegion.NOTE or is_sign(image.source, image.get("alt"))
    if is_beside and not _is_large(image):
        # Captions hold pictures, and bylines hold portraits.
        return False
    return not is_small(about) and not is_in_header and (width is None or width >= MIN_WIDTH)


def _is_long(text: Element) -> bool:
    return text.is_long and not text.region & PageRegion.ASIDE


def _is_photo(image: Element) -> bool:
    """Whether an image may be a photo: of unknown size, in a format for photos."""
    has_size = pixels(image.get("width")) or pixels(image.get("height"))
    return not has_size and _PHOTO.search(image.source) is not None


def _is_large(image: Element) -> bool:
    width, height = pixels(image.get("width")), pixels(image.get("height"))
    if width is None or height is None:
        return _OF_TEXT.search(image.get("class")) is not None
    is_high = height >= MIN_PLAIN_HEIGHT and width <= height * MAX_PROPORTION
    return width >= MIN_PLAIN_WIDTH and is_high
