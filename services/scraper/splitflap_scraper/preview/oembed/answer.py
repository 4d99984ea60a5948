"""The answers of oEmbed (oembed.com, "Response parameters"), as JSON or XML."""

import json
import re
from typing import Any

import msgspec
from splitflap_core.contracts import (
    FIELDS_ABOUT,
    MAX_DESCRIPTION,
    MAX_SITE_NAME,
    MAX_TITLE,
    PreviewFields,
)
from splitflap_core.urls.addresses import AddressRules

from splitflap_scraper.page.markup import text_of
from splitflap_scraper.preview.details.card import card_of
from splitflap_scraper.preview.details.players import MAX_HTML, Players, framed
from splitflap_scraper.preview.fields.image import Picture
from splitflap_scraper.preview.fields.text_images import pixels
from splitflap_scraper.preview.files import xml
from splitflap_scraper.preview.texts import key, plain
from splitflap_scraper.preview.urls import shown

#: Types of oEmbed, with the type of the preview. `rich` and `link` do not identify a type.
_TYPES = {"photo": "image", "video": "video"}

#: Parameters that are read of an answer in XML.
_PARAMETERS = ("type", "title", "author_name", "provider_name", "thumbnail_url", "thumbnail_width",
               "thumbnail_height", "url", "html", "width", "height")  # fmt: skip

#: The quotation of a post, as microblogs embed it, and the begin of a paragraph in it.
_QUOTED = re.compile(r"<blockquote[\s>](.*?)(?:</blockquote>|\Z)", re.DOTALL | re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p(?:\s[^<>]*+)?>", re.IGNORECASE)
_BREAK = re.compile(r"<br\s*+/?>", re.IGNORECASE)

#: Paragraphs read of a post.
MAX_PARAGRAPHS = 20

#: Texts of links to a picture, at the end of a post.
_ATTACHED = "[image or embed]"
_ATTACHED_AT = "pic.twitter.com/"

#: Links to pictures of one post.
MAX_ATTACHED = 4

Answer = dict[str, Any]


def answer_of(data: bytes) -> Answer | None:
    """Parse an answer, or return None for an invalid one."""
    answer = _from_xml(data) if data.lstrip()[:1] == b"<" else _from_json(data)
    is_known = isinstance(answer, dict) and not {"type", "title", "html"}.isdisjoint(answer)
    return answer if is_known else None


def _from_json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _from_xml(data: bytes) -> Answer | None:
    text = data.decode("utf-8", "replace")
    if "<oembed" not in text[:500].lower():
        return None
    limits = {"html": MAX_HTML}
    values = {name: xml.content(text, name, limits.get(name, xml.MAX_TEXT)) for name in _PARAMETERS}
    return {name: value for name, value in values.items() if value}


def merged(
    found: PreviewFields, answer: Answer, players: Players, rules: AddressRules
) -> PreviewFields:
    """Add the fields of an answer to the missing fields of a preview."""
    added = _fields(answer, rules)
    missing = {name: value for name, value in added.items() if value and not getattr(found, name)}
    if found.image:
        missing = {name: missing[name] for name in missing.keys() - FIELDS_ABOUT["image"]}
    if not found.player:
        missing |= _player(answer, players, rules)
    kind = _TYPES.get(_text(answer, "type"))
    if kind and found.type in {None, "website"}:
        missing["type"] = kind
    return msgspec.structs.replace(found, **missing)


def has_title(answer: Answer, title: str | None) -> bool:
    """Whether an answer has this title."""
    return bool(title) and key(_text(answer, "title")[:MAX_TITLE]) == key(title or "")


def words(answer: Answer) -> str | None:
    """Return the words of a post that an answer quotes, or None."""
    quoted = _QUOTED.search(_text(answer, "html")[:MAX_HTML])
    parts = re.split(r"</p\s*>", quoted[1])[:MAX_PARAGRAPHS] if quoted else []
    paragraphs = [each[1] for part in parts if len(each := _PARAGRAPH.split(part, maxsplit=1)) > 1]
    text = " ".join(text_of(_BREAK.sub(" ", each)) for each in paragraphs)
    return plain(_without_pictures(" ".join(text.split())), MAX_DESCRIPTION)


def _without_pictures(text: str) -> str:
    for _ in range(MAX_ATTACHED):
        before, _, last = text.rpartition(" ")
        text = text.removesuffix(_ATTACHED).rstrip()
        text = before if last.startswith(_ATTACHED_AT) else text
    return text


def _fields(answer: Answer, rules: AddressRules) -> dict[str, Any]:
    title = plain(_text(answer, "title"), MAX_TITLE)
    text = words(answer)
    if text and title and key(text).startswith(key(title)):
        # The words repeat the title.
        text = None
    image = _image(answer, rules)
    return {
        "title": title,
        "description": text,
        "author": plain(_text(answer, "author_name"), MAX_SITE_NAME),
        "site_name": plain(_text(answer, "provider_name"), MAX_SITE_NAME),
        "image": image.url if image else None,
        "image_width": image.width if image else None,
        "image_height": image.height if image else None,
        "card": card_of(image.width, image.height) if image else None,
    }


def _image(answer: Answer, rules: AddressRules) -> Picture | None:
    """Return the picture of an answer with its size."""
    kinds = [("thumbnail_url", "thumbnail_width", "thumbnail_height")]
    if answer.get("type") == "photo":
        kinds.append(("url", "width", "height"))
    for name, width, height in kinds:
        if url := shown(_text(answer, name), rules):
            return Picture(url, pixels(answer.get(width)), pixels(answer.get(height)))
    return None


def _player(answer: Answer, players: Players, rules: AddressRules) -> dict[str, Any]:
    frame = framed(_text(answer, "html"))
    found = players.allowed(frame, rules) if frame else None
    if found is None:
        return {}
    return {
        "player": found.url,
        "player_width": pixels(answer.get("width")) or found.width,
        "player_height": pixels(answer.get("height")) or found.height,
    }


def _text(answer: Answer, name: str) -> str:
    value = answer.get(name)
    return value if isinstance(value, str) else ""
