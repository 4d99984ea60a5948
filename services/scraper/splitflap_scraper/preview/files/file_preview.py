"""Previews of files by their names and first bytes: images, documents, texts, archives, media."""

import re
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

import msgspec
from splitflap_core.contracts import MAX_AUTHORS, MAX_TITLE, PreviewFields

from splitflap_scraper.fetch.http.content_disposition import saved_name
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page.charsets import decoded
from splitflap_scraper.preview.dates.moments import rfc3339
from splitflap_scraper.preview.details.card import card_of
from splitflap_scraper.preview.files.feed import feed_preview
from splitflap_scraper.preview.files.images import dimensions
from splitflap_scraper.preview.files.pdf import pdf_information
from splitflap_scraper.preview.texts import MAX_PARAGRAPH, clean

#: Types of previews, where they differ from the kind of the file.
_TYPES = {"office": "document"}

#: Content codings that leave the bytes of a file as they are.
_NO_CODINGS = frozenset({"", "identity", "none"})

#: Digits of a size. A larger number is no size.
MAX_DIGITS = 15

#: Lines in which a text has its heading, and its characters that are read for a description.
_HEADING_LINES = 20
_MAX_WORDS = MAX_PARAGRAPH * 4

#: Parts of a PDF's title that its software adds.
_MADE_BY = re.compile(
    r"(?i)^(?:microsoft (?:word|powerpoint|excel) - |print of )|\.(?:docx?|pptx?|xlsx?|dvi"
    r"|indd|tex|odt|pdf|ps|qxd|fm)$"
)


def file_preview(
    kind: str, data: bytes, url: str, headers: Headers, charset: str | None
) -> PreviewFields:
    """Return the preview of a file by its name and its first bytes."""
    if kind in {"feed", "text"} and (feed := feed_preview(data, url, charset)):
        return feed
    found = _by_kind(kind, data, url, file_name(url, headers), charset)
    return msgspec.structs.replace(found, file_size=file_size(headers))


def _by_kind(
    kind: str, data: bytes, url: str, name: str | None, charset: str | None
) -> PreviewFields:
    if kind == "image":
        width, height = dimensions(data) or (None, None)
        return PreviewFields(name, image=url, type=kind, image_width=width, image_height=height,
                             card=card_of(width, height))  # fmt: skip
    if kind == "document":
        return _document(data, name)
    if kind in {"feed", "text"}:
        heading, description = _text(data, charset)
        return PreviewFields(heading or name, description, type="text")
    return PreviewFields(name, type=_TYPES.get(kind, kind))


def file_size(headers: Headers) -> int | None:
    """Return the size of a file in bytes, or None if the response hides it."""
    is_coded = headers.get("Content-Encoding", "identity").strip().lower() not in _NO_CODINGS
    if is_coded or headers.get("Transfer-Encoding"):
        return None
    # A part of a file names the size of the whole (RFC 9110, section 14.4).
    whole = headers.get("Content-Range").rpartition("/")[2].strip()
    digits = whole or headers.get("Content-Length")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= MAX_DIGITS
    return int(digits) if is_number else None


def _document(data: bytes, name: str | None) -> PreviewFields:
    information = pdf_information(data)
    title = _MADE_BY.sub("", information.get("Title", "")).strip()
    created = information.get("CreationDate", "").removeprefix("D:")[:14]
    return PreviewFields(
        clean(title, MAX_TITLE) if title.lower() not in {"", "untitled"} else name,
        author=clean(information.get("Author", ""), MAX_AUTHORS),
        published_at=rfc3339(created),
        type="document",
    )


def file_name(url: str, headers: Headers) -> str | None:
    """Return the name of a file, by its Content-Disposition or its URL."""
    saved_as = saved_name(headers.get("Content-Disposition"))
    parts = urlsplit(url)
    path = unquote(parts.path, errors="replace")
    return clean(
        PurePosixPath((saved_as or path).replace("\\", "/")).name or parts.hostname or "", MAX_TITLE
    )


def _text(data: bytes, charset: str | None) -> tuple[str | None, str | None]:
    """Return the heading of a text in Markdown, and its first words."""
    lines = decoded(data, charset).splitlines()
    heading = next((line for line in lines[:_HEADING_LINES] if re.match(r"#\s+\S", line)), None)
    words = " ".join(line for line in lines if line is not heading)[:_MAX_WORDS]
    return clean(heading.lstrip("# "), MAX_TITLE) if heading else None, clean(words, MAX_PARAGRAPH)
