"""The card of a picture, and the text that stands for the picture."""

from splitflap_core.contracts import MAX_DESCRIPTION, Card

from splitflap_scraper.page.document import Document
from splitflap_scraper.preview.fields.image import Picture
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.texts import key, plain

#: Texts of templates in place of a description.
_NO_TEXTS = frozenset({"", "image", "img", "logo", "photo", "picture", "thumbnail", "null",
                       "undefined", "ogimage", "featuredimage", "coverimage"})  # fmt: skip

#: Names of Twitter's cards, with ours.
_CARDS: dict[str, Card] = {
    "summary": "summary",
    "app": "summary",
    "summary_large_image": "large",
    "summary_large": "large",
    "photo": "large",
    "gallery": "large",
    "player": "large",
}

#: Least width of a picture above the text (pixels), and its least ratio of width to height.
LEAST_WIDTH = 600
LEAST_RATIO = 1.3


def card(sources: Sources, picture: Picture) -> Card | None:
    """Return the card that the page asks for, else the one that its picture fits.

    None without a picture, or with one of unknown size.
    """
    if not picture.url:
        return None
    return asked_card(sources.page) or card_of(picture.width, picture.height)


def asked_card(page: Document) -> Card | None:
    """Return the card that a page asks for, or None."""
    names = (name.strip().lower() for name in page.meta("twitter:card"))
    return next((_CARDS[name] for name in names if name in _CARDS), None)


def card_of(width: int | None, height: int | None) -> Card | None:
    """Return the card for a picture of this size in pixels, or None for an unknown size."""
    if not width or not height:
        return None
    return "large" if width >= LEAST_WIDTH and width >= height * LEAST_RATIO else "summary"


def image_alt(picture: Picture) -> str | None:
    """Return the text that stands for the picture, or None for a name of its file."""
    found = plain(picture.alt, MAX_DESCRIPTION) if picture.alt else None
    if not found or key(found) in _NO_TEXTS or "://" in found:
        return None
    # Some programs write the name of the file.
    return None if found in picture.url.rpartition("/")[2] else found
