"""Files and answers that take long to read. `python -m benchmarks previews` measures them."""

_CHANNEL = "<rss><channel>"
_JSON_FEED = '{"version":"https://jsonfeed.org/version/1",'
_UNCLOSED = "".join(
    f"<{name}>"
    for name in ("description", "language", "dc:publisher", "link", "icon", "managingEditor",
                 "itunes:author", "logo", "title")
)  # fmt: skip
_POST = '{"type":"rich","html":"<blockquote><p>'

#: The kind of a file, its start, and the text repeated after it.
FILES: dict[str, tuple[str, str, str]] = {
    "notes in a feed": ("feed", _CHANNEL + _UNCLOSED, "<sup fnfnfn"),
    "hidden parts in a feed": ("feed", _CHANNEL + _UNCLOSED, "<svg>"),
    "references in a feed": ("feed", _CHANNEL + _UNCLOSED, "&lt;"),
    "unknown references in a feed": ("feed", _CHANNEL + _UNCLOSED, "&zz"),
    "references in the root of a feed": ("feed", "<rss a='", "&zz"),
    "references in links of a feed": (
        "feed", _CHANNEL, "<atom:link href='" + "&zz" * 1000 + "'/>"
    ),
    "digits of a reference in a feed": ("feed", _CHANNEL + "<title>&#", "9"),
    "links of a feed": ("feed", _CHANNEL, "<link a b c d>"),
    "attributes of a feed": ("feed", "<rss ", "a=b "),
    "open titles of a feed": ("feed", _CHANNEL, "<title "),
    "comments before a feed": ("feed", "<!--", "<!-"),
    "members of a feed": ("feed", _JSON_FEED + '"items":[', "{},"),
    "authors of a feed": ("feed", _JSON_FEED + '"authors":[', '{"name":"a"},'),
    "titles of XMP": ("document", "%PDF-1.4\n", "<dc:title>"),
    "items of XMP": ("document", "%PDF-1.4\n", "<dc:title><rdf:li"),
    "long items of XMP": ("document", "%PDF-1.4\n", "<dc:title><rdf:li>" + "a" * 350),
    "information of a PDF": ("document", "%PDF-1.4\n", "/Producer "),
    "escapes of a PDF": ("document", "%PDF-1.4\n", "/Producer/Title(" + r"\1" * 4000),
    "strings of a PDF": (
        "document", "%PDF-1.4\n", "/Title(/Author(/CreationDate(" + "a" * 3900 + "/Producer",
    ),
    "parentheses of a PDF": ("document", "%PDF-1.4\n", "/Producer/Title(" + "(" * 50),
    "digits of a PDF": ("document", "%PDF-1.4\n", "/Title<" + " " * 4000 + "/Producer"),
    "segments of a JPEG": ("image", "\xff\xd8", "\xff\xe0\0\2"),
    "fill of a JPEG": ("image", "\xff\xd8", "\xff"),
    "sizes of an SVG": ("image", "<svg ", ' width="'),
    "a box of an SVG": ("image", '<svg  viewBox="', "1 "),
    "numbers of an SVG": ("image", "<svg ", ' viewBox="-.-.'),
    "hashes in a text": ("text", "", "# "),
    "line feeds in a text": ("text", "", "\n"),
    "marks in a text": ("text", "", "a\u0301"),
}  # fmt: skip

_OPEN = "<oembed>" + "".join(
    f"<{name}>"
    for name in ("type", "title", "author_name", "provider_name", "thumbnail_url", "url", "html",
                 "thumbnail_width", "thumbnail_height", "width", "height")
)  # fmt: skip

#: The start of an answer of oEmbed, and the text repeated after it.
ANSWERS: dict[str, tuple[str, str]] = {
    "notes in a post": (_POST, "<sup fnfnfn"),
    "quotations": ('{"type":"rich","html":"', "<blockquote>"),
    "paragraphs": (_POST, "<p>"),
    "breaks": (_POST, "<br"),
    "frames": ('{"type":"rich","html":"', "<iframe "),
    "links to pictures": (_POST, "a pic.twitter.com/ "),
    "digits of a reference": ("<oembed><title>&#", "9"),
    "references": ("<oembed><title>", "&" + "a" * 32),
    "unknown references in open elements": (_OPEN, "&zz"),
    "notes in open elements": (_OPEN, "<sup fnfnfn"),
    "sections": ("<oembed>", "<title><![CDATA["),
}


def hostile_file(name: str, size: int) -> tuple[str, bytes]:
    """Return a file's kind, and its bytes up to a size."""
    kind, begin, unit = FILES[name]
    encoding = "latin-1" if kind == "image" else "utf-8"
    return kind, (begin + unit * (size // len(unit) + 1)).encode(encoding)[:size]


def hostile_answer(name: str, size: int) -> bytes:
    """Return a complete answer of about this size."""
    begin, unit = ANSWERS[name]
    end = '"}' if begin[0] == "{" else "</title></oembed>"
    return (begin + unit * (size // len(unit)) + end).encode()
