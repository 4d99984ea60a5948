"""Hostile values in tags and in JSON-LD: URLs, times, names, and encodings.

Each value differs from the others, so that no cache helps.
"""

from collections.abc import Callable, Iterator

_LD = '<script type="application/ld+json">'

#: Characters of a long value. Each has three bytes, so a tag has room for it.
_LONG = 2600

#: Characters of a complete script, below the limit of one script.
_JSON = 128 * 1024 - 100

#: Values of each kind in a page, repeated after it.
_MANY = 40


def _letters(seed: int, number: int) -> str:
    """Different ideographs: the worst text for Punycode."""
    return "".join(chr(0x4E00 + (seed + each * 7919) % 20_000) for each in range(number))


#: Hosts beyond ASCII, by kind.
HOSTS: dict[str, Callable[[int], str]] = {
    "one long label": lambda seed: _letters(seed, _LONG),
    "many labels": lambda seed: ".".join(_letters(seed, _LONG // 2)),
    "labels of 63": lambda seed: ".".join(_letters(seed + n * 63, 63) for n in range(60)),
    "a host of 253": lambda seed: ".".join(_letters(seed + n, 62) for n in range(4)),
    "valid labels": lambda seed: ".".join(_letters(seed + n * 12, 12) for n in range(4)),
    "escapes": lambda seed: f"%C3%{0x80 + seed % 64:X}" * 42 + ".%E4%B8%80" * 100,
    "Punycode": lambda seed: f"xn--{_letters(seed, 1000).encode('punycode').decode('ascii')}",
    "ligatures": lambda seed: ".".join([f"{seed}" + "\ufdfa" * 58] * 4),
    "credentials": lambda seed: f"{_letters(seed, _LONG // 2)}@{_letters(seed, 60)}",
}

#: The kinds of hosts in all places. The images have all kinds.
_WORST = ("one long label", "a host of 253", "valid labels")

#: Tags and scripts with a URL, by place. The braces hold it.
PLACES = {
    "canonical links": ("", "<link rel=canonical href='{}'>"),
    "icons": ("", "<link rel='icon apple-touch-icon' sizes=32x32 href='{}'>"),
    "images": ("", "<meta property=og:image content='{}'>"),
    "og:url": ("", "<meta property=og:url content='{}'>"),
    "bases": ("", "<base href='{}'>"),
    "refreshes": ("", "<meta http-equiv=refresh content='0; url={}'>"),
    "links to oEmbed": ("", "<link type=application/json+oembed href='{}'>"),
    "images in the text": ("<main>", "<img src='{}'>"),
    "sources": ("<main>", "<img srcset='{} 1x, {} 2x'>"),
    "microdata": ("<b itemscope itemtype=Article>", "<a itemprop='url image' href='{}'>"),
    "lists of JSON-LD": (_LD + '{"@type":"Article","image":["', '{}","'),
    "nodes of JSON-LD": (_LD + "[", '{{"@type":"Article","@id":"{}","url":"{}"}},'),
    "images of JSON-LD": (
        _LD + '{"@type":"Article","image":[',
        '{{"@id":"{}","url":"{}","contentUrl":"{}"}},',
    ),
}


def hosts() -> Iterator[tuple[str, tuple[str, str]]]:
    """Iterate over pages of each place and kind of host."""
    for place, (begin, template) in PLACES.items():
        for kind, host in HOSTS.items():
            if place != "images" and kind not in _WORST:
                continue
            urls = (f"http://{host(seed)}/{seed}" for seed in range(_MANY))
            yield f"{place}: {kind}", (begin, "".join(template.format(*[u] * 3) for u in urls))


def _of(template: str, *texts: str) -> str:
    """Fill a template with texts and a number, a few dozen times."""
    return "".join(template.format(text, n) for n in range(40) for text in texts)


def _script(begin: str, unit: str, end: str) -> tuple[str, str]:
    """Return a page with a complete script of JSON-LD, as long as a script may be."""
    number = (_JSON - len(begin) - len(end)) // len(unit.encode())
    return _LD + begin + unit * number + end + "</script>", " "


_BAD_TIMES = ("Mon, 32 Foo 20999 ", "20230132T", "11/12/2", "x" * 50, "99. 99. 9", "9999-9-9T9")

#: Tags whose values cost more than their length suggests.
TAGS: dict[str, tuple[str, str]] = {
    "times": ("", _of("<meta property=article:published_time content='{}{}'>", *_BAD_TIMES)),
    "times in the text": (
        "<main>",
        _of("<time class=published datetime='{0}{1}'>{0}{1}</time>", "1 May " * 30, "9 " * 90),
    ),
    "authors": ("", _of("<meta name=author content='{}{}'>", "By by " * 600)),
    "descriptions": ("", _of("<meta name=description content='{}{}'>", "{{a" * 1200)),
    "titles without letters": ("", _of("<meta name=og:title content='{}'>", "<!--" * 640)),
    "placeholders": (
        "<meta name=og:title><meta name=og:image>",
        "<meta name='og:description' content='" + "{{a" * 2600 + "'></head>",
    ),
    "templates in titles": ("", "<title>" + "{{ <% ${ [object " * 400 + "</title>"),
    "declarations": ("", "<meta a='" + "<meta " * 1300 + "'>"),
    "spaces in declarations": ("", "<meta charset=" + " " * 8000 + '">'),
    "declarations in ISO-2022-JP": ("<meta charset=iso-2022-jp", "<meta "),
    "labels of encodings": ("", _of("<meta charset=x-{1}>", "") * 8),
    "charsets in a tag": ("", "<meta a='" + "charset " * 1000 + "'>"),
    "types of scripts": ("", "<script type=" + " " * 8000 + "></script>"),
    "classes": ("<body>", "<p class='" + "author- " * 900 + "'>x</p>"),
    "classes of bylines": ("<body>", "<i class='" + "a " * 45 + "'>" * 20),
    "languages": ("", _of("<meta property=og:locale content='{}{}'>", "a-" * 1900)),
    "references in titles": ("", "<title>" + "&amp;lt;" * 900 + "</title>"),
    "marks on letters": ("", "<meta name=description content='a" + "\u0301" * 3900 + "'>"),
    "cut comments": ("<body>", "<p>" + "<!--" * 1100 + "--></p>"),
    "hidden parts of paragraphs": ("<body>", "<p>" + "<svg><button>" * 310 + "</p>"),
    "sizes of icons": ("", "<link rel=icon sizes='" + "1x1 " * 1000 + "' href=/a>"),
}

#: Complete scripts of JSON-LD.
SCRIPTS: dict[str, tuple[str, str]] = {
    "a long host of JSON-LD": _script(
        '{"@type":"Article","image":["', "http://" + _letters(1, 7900) + '","', '"]}'
    ),
    "digits of JSON-LD": _script('{"@type":"Article","headline":', "9", "}"),
    "keys of JSON-LD": _script('{"@type":"Article"', ',"k":1', "}"),
    "types of JSON-LD": _script(
        "[", '{"@type":["' + 'a/b","' * 60 + 'Article"],"url":"/"},', "{}]"
    ),
    "lists in lists of JSON-LD": _script('{"@type":"Article","author":[', "[[[[[{}]]]]],", "{}]}"),
    "contexts of JSON-LD": _script(
        '{"@context":[', '{"a":{"@id":"b","@type":"@id"}},', '{}],"@type":"Article"}'
    ),
    "a long text of JSON-LD": _script('{"@type":"Article","description":"', "&amp;lt;p ", '"}'),
    "escapes of JSON-LD": _script('{"@type":"Article","headline":"', "\\u0301", '"}'),
    "spaces of JSON-LD": _script('{"@type":"Article"', " ", ',"headline":"x"}'),
    "spaces around JSON-LD": _script('{"@type":"Article"}', " ", "x"),
    "commas of JSON-LD": _script('{"a":"', "," + " " * 19, '"x'),
    "templates of JSON-LD": _script('{"@type":"Article","publisher":{"name":"', "{{a", '"}}'),
    "comments of JSON-LD": _script('{"@type":"Article","headline":"', "<!--", '"}'),
    "names of JSON-LD": _script(
        '{"@type":"Article","author":[', '{"name":"' + "By " * 600 + '"},', "{}]}"
    ),
    "a name of JSON-LD": _script('{"@type":"Person","name":"', "\u00e9", '"}'),
    "references of JSON-LD": _script(
        "[", '{"@id":"a","author":{"@id":"a"},"mainEntity":{"@id":"a"}},', "{}]"
    ),
    "articles of JSON-LD": _script(
        "[", '{"@type":"Article","headline":"' + "x " * 50 + '","author":"b"},', "{}]"
    ),
    "nested nodes of JSON-LD": _script(
        "[", '{"@graph":[{"@graph":[{"@graph":[{"@type":"Article"}]}]}]},', "{}]"
    ),
}
