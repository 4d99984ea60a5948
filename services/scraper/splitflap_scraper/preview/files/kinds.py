"""The kinds of files with a preview, by media type or first bytes."""

#: Bytes read of a file by kind. A PDF has its title at its end, or at its start if made for the
#: web. A JPEG may have a thumbnail and a profile before its size.
MAX_BYTES = {
    "image": 128 * 1024,
    "document": 1024 * 1024,
    "text": 16 * 1024,
    "audio": 1,
    "video": 1,
}

#: First bytes of files, for servers that send no type.
_MAGIC = (
    (b"%PDF-", "document"), (b"\x89PNG\r\n", "image"), (b"GIF8", "image"),
    (b"\xff\xd8\xff", "image"),
    (b"ID3", "audio"), (b"OggS", "audio"), (b"fLaC", "audio"), (b"\x1aE\xdf\xa3", "video"),
)  # fmt: skip

#: Media types of texts outside of text/*.
_TEXTS = frozenset(
    {
        "application/json",
        "application/yaml",
        "application/x-yaml",
        "application/toml",
        "application/javascript",
        "application/x-sh",
        "application/sql",
    }
)


def kind_of(content_type: str, begin: bytes = b"") -> str | None:
    """Return the kind of a file by its media type or first bytes, or None for an unknown one."""
    top = content_type.partition("/")[0]
    if content_type == "application/pdf":
        return "document"
    if top in {"image", "audio", "video"}:
        return top
    if top == "text" or content_type in _TEXTS or content_type.endswith(("+json", "+yaml")):
        return "text"
    if begin[4:8] == b"ftyp":
        return "image" if begin[8:12] in {b"avif", b"heic", b"mif1"} else "video"
    if begin[:4] == b"RIFF":
        return {b"WEBP": "image", b"WAVE": "audio"}.get(begin[8:12], "video")
    return next((kind for magic, kind in _MAGIC if begin.startswith(magic)), None)
