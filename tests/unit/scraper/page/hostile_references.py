"""Hostile character references, and broken JSON-LD. They cost more than their length suggests."""

from typing import Final

_LD = '<script type="application/ld+json">'

#: Characters of a value, and of a complete script, below the limits of both.
_VALUE: Final = 4090
_SCRIPT: Final = 128 * 1024 - 100


def _filled(unit: str, size: int = _VALUE) -> str:
    return unit * (size // len(unit))


#: Short references: of no known name, of a name without semicolon, and of a number.
UNITS = {
    "of no name": "&zz",
    "without semicolon": "&lt",
    "of numbers": "&#1",
    "long": "&" + "a" * 32,
}

_NAMES = "name author creator " * 15
_DATES = "datePublished dateCreated uploadDate " * 8
_IMAGES = "contentUrl image thumbnail thumbnailUrl " * 7

#: Tags with a value, which is "{0}".
_PLACES = {
    "metas of microdata": "<meta itemprop='" + "name " * 60 + "' content='{0}'>",
    "notes of microdata": f"<b itemprop='{_NAMES}'><sup>{{0}}</b>",
    "times of microdata": f"<time itemprop='{_DATES}' datetime='{{0}}'></time>",
    "images of microdata": f"<img itemprop='{_IMAGES}' data-src='{{0}}'>",
    "canonical links": "<link rel=canonical href='{0}'>",
    "translations": "<link rel=alternate hreflang='{0}' href='{0}'>",
    "links to oEmbed": "<link rel=alternate type='application/json+oembed{0}' href='{0}'>",
    "titles of feeds": "<link rel=alternate type=application/rss+xml title='{0}' href=/a>",
    "classes of paragraphs": "<p class='{0}' id='{0}'>a text</p>",
    "classes of images": "<img src=/a.jpg class='{0}' alt='{0}'>",
    "sizes of images": "<img src=/a.jpg width='{0}' height='{0}'>",
    "headings": "<h1>{0}</h1><h3><a href='{0}'>a</a></h3>",
    "paragraphs": "<p>{0}</p>",
    "bylines": "<i class=byline title='{0}'>{0}</i>",
}


def _script(begin: str, unit: str, end: str) -> tuple[str, str]:
    return "", f"{_LD}{begin}{_filled(unit, _SCRIPT - len(begin) - len(end))}{end}</script>"


#: The start of a page, and the text repeated after it.
REFERENCES: dict[str, tuple[str, str]] = {
    **{
        f"references {kind} in {place}": ("<body><main>", template.format(_filled(unit)))
        for place, template in _PLACES.items()
        for kind, unit in UNITS.items()
    },
    **{
        f"references {kind} in JSON-LD": _script('{&quot;@type&quot;:"', unit, '"}')
        for kind, unit in UNITS.items()
    },
    "broken lists of JSON-LD": _script('{"@type":"Article","image":[', "[[[[[{}]]]]],", "{},}"),
    "broken objects of JSON-LD": _script('{"image":[', '{"headline":"a"},', "{},}"),
    "broken numbers of JSON-LD": _script('{"image":[', "1,", "1] x"),
    "broken types of JSON-LD": _script('{"image":[', '{"@type":"Article"},', "{}] x"),
    "broken authors of JSON-LD": _script('{"image":[', '"author":{"name":"a"},', ""),
}
