"""The kinds of files with a preview, by media type, first bytes or name."""

from pathlib import PurePosixPath

import msgspec

from splitflap_scraper.preview.files.images import format_of
from splitflap_scraper.preview.words import load

#: Bytes read of a file by kind. A PDF has its title at its end, or at its start if made for the
#: web. A JPEG may have a thumbnail and a profile before its size. A feed has its own title before
#: its first item. Of other files, only the name counts.
MAX_BYTES = {
    "image": 128 * 1024,
    "document": 1024 * 1024,
    "feed": 64 * 1024,
    "text": 16 * 1024,
    "office": 1,
    "archive": 1,
    "file": 1,
    "audio": 1,
    "video": 1,
}

#: First bytes of files beside images, for servers that send no type.
_MAGIC = (
    (b"%PDF-", "document"), (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"),
    (b"\x1aE\xdf\xa3", "video"), (b"PK\x03\x04", "archive"), (b"7z\xbc\xaf\x27\x1c", "archive"),
    (b"Rar!\x1a\x07", "archive"), (b"\x1f\x8b\x08", "archive"), (b"BZh", "archive"),
    (b"\xfd7zXZ\0", "archive"), (b"\x28\xb5\x2f\xfd", "archive"),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "office"), (b"{\\rtf", "office"), (b"%!PS", "office"),
    (b"!<arch>\ndebian", "file"), (b"\xed\xab\xee\xdb", "file"), (b"MZ\x90\0", "file"),
    (b"\x7fELF", "file"),
)  # fmt: skip

#: Names of the first member in a ZIP that is a document: EPUB and OpenDocument, and Office.
_FIRST_MEMBERS = (b"mimetypeapplication/", b"[Content_Types].xml", b"_rels/.rels")

#: Media types of texts outside of text/*.
_TEXTS = frozenset({"application/json", "application/yaml", "application/x-yaml",
                    "application/toml", "application/javascript", "application/x-sh",
                    "application/sql"})  # fmt: skip


class _Words(msgspec.Struct, frozen=True):
    media_types: dict[str, list[str]]
    families: dict[str, list[str]]
    extensions: dict[str, list[str]]


_WORDS = load("file_types", _Words)
_BY_TYPE = {f"application/{each}": kind for kind, of in _WORDS.media_types.items() for each in of}
_BY_FAMILY = [(f"application/{each}", kind) for kind, of in _WORDS.families.items() for each in of]
_BY_EXTENSION = {each: kind for kind, of in _WORDS.extensions.items() for each in of}

#: Kinds that are often sent as an archive.
_ZIPPED = frozenset({"office", "file"})


def kind_of(content_type: str, begin: bytes = b"", name: str = "") -> str | None:
    """Return the kind of a file, or None for an unknown one.

    The media type beats the first bytes, and they beat the name.
    """
    found = _by_type(content_type) or _by_bytes(begin)
    by_name = _BY_EXTENSION.get(PurePosixPath(name.lower()).suffix.lstrip("."))
    if found is None or (found == "archive" and by_name in _ZIPPED):
        return by_name
    return found


def _by_type(content_type: str) -> str | None:
    top = content_type.partition("/")[0]
    if content_type == "application/pdf":
        return "document"
    if top in {"image", "audio", "video"}:
        return top
    if top in {"font", "model"}:
        return "file"
    if found := _BY_TYPE.get(content_type):
        return found
    if top == "text" or content_type in _TEXTS or content_type.endswith(("+json", "+yaml")):
        return "text"
    return next((kind for begin, kind in _BY_FAMILY if content_type.startswith(begin)), None)


def _by_bytes(begin: bytes) -> str | None:
    if format_of(begin) or begin[4:12] in {b"ftypheic", b"ftypmif1"}:
        return "image"
    if begin[4:8] == b"ftyp":
        return "video"
    if begin[:4] == b"RIFF":
        return "audio" if begin[8:12] == b"WAVE" else "video"
    if begin.startswith(b"PK\x03\x04") and begin[30:].startswith(_FIRST_MEMBERS):
        return "office"
    return next((kind for magic, kind in _MAGIC if begin.startswith(magic)), None)
