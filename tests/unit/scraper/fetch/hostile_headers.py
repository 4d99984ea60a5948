"""Header fields that take long to read. `python -m benchmarks previews` measures them."""

#: The start of a Content-Disposition, and the text repeated after it.
DISPOSITIONS: dict[str, tuple[str, str]] = {
    "semicolons in quotes": ('attachment; a="', ";"),
    "escaped quotes": ('attachment; a="', '\\";'),
    "backslashes": ('attachment; filename="', "\\"),
    "parameters": ("attachment", ";a=b"),
    "names": ("attachment; ", "a "),
    "parts of a name": ("attachment", ";filename*0=a;filename*=a"),
    "punycode": ("attachment; filename*=punycode''x-", "a9"),
    "words of MIME": ("attachment; filename=", "=?utf-8?B?a?= "),
    "begins of words": ("attachment; filename=", "=?utf-8?B?"),
    "percent signs": ("attachment; filename=", "%e6"),
}

#: The start of a Link header, and the text repeated after it.
LINKS: dict[str, tuple[str, str]] = {
    "spaces in a type": ('<a>;x="oembed; type=', " "),
    "spaces in a link": ("<oembed>", " "),
    "spaces in parameters": ("<oembed>;a", " "),
    "parameters": ("<oembed>", ";a=b"),
    "open quotes": ("<oembed>", ';a="'),
    "links": ("<oembed>", "<a>;type=b,"),
    "open links": ("<oembed>", "<"),
    "types": ("<oembed>", ";type=;type"),
}
