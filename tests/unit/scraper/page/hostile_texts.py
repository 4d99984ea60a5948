"""Hostile texts of elements: parts that are no words, and lines with many elements."""

#: Characters of a text, below the limit of one element.
_LONG = 4090


def _filled(unit: str, size: int = _LONG) -> str:
    return (unit * (size // len(unit) + 1))[:size]


def _in_elements(unit: str) -> tuple[str, str]:
    text = _filled(unit)
    return "", f"<h1>{text}</h1><h2>{text}</h2><p>{text}</p>"


def _in_bylines(unit: str, marks: str = "author byline") -> tuple[str, str]:
    return "<body><h1>a</h1>" + f'<a rel=author class="{marks}">' * 20, _filled(unit, 4000) + "</a>"


def _images(unit: str) -> tuple[str, str]:
    metas = (f'<meta property=og:image content="{_filled(unit, 4080)}{n}">' for n in range(40))
    return "", "".join(metas)


def _dates(text: str) -> str:
    return "".join(f"<div class=date>{text}{n} March 2020</div>" for n in range(9, 39))


def _names(text: str) -> str:
    names = (f'{{"@type":"WebPage","name":"{text}{n}"}}' for n in range(290))
    return f"<title>a</title><script type=application/ld+json>[{','.join(names)}]</script>"


#: Texts that grow in their compatible form or in one case, or take long to reorder.
GROWING = {
    "ligatures": "\ufdfa",
    "squared words": "\u3300",
    "letters with marks": "\u0390",
    "letters in parentheses": "\u321d",
    "marks in disorder": "\u0301\u0327",
}

#: The start of a page, and the text repeated after it.
TEXTS: dict[str, tuple[str, str]] = {
    "open notes": _in_elements("<sup fnfnfn"),
    "buttons": _in_elements("<button x>"),
    "selections": _in_elements("<select>"),
    "ends of notes": _in_elements("<sup id=ref></sup "),
    "open notes in names": ("", f"<b itemprop=name>{_filled('<sup fnfnfn')}</b>"),
    "less-than signs in bylines": _in_bylines("<1"),
    "ends of tags in bylines": _in_bylines("</"),
    "declarations in bylines": _in_bylines("<?"),
    "elements in bylines": _in_bylines("<b>1</b> "),
    "elements in dates": _in_bylines("<b>1</b> ", "date"),
    "spaces in bylines": (
        "<body><h1>a</h1>",
        f"<p class=byline>a{_filled(chr(0xA0), 1900)}a<b>b</b></p>",
    ),
    "dates in bylines": _in_bylines("<b>1 May 2020</b> "),
    "brackets in images": _images("["),
    "bars in images": _images("|"),
    "references in icons": ("", f'<link rel=icon href="{_filled("&lt;")}">'),
    "references in texts of images": (
        "<body><main>",
        f'<img src=a.jpg alt="{_filled("&#39;", 7900)}">',
    ),
    "brackets in descriptions": (
        "",
        f'<meta property=og:description name=description content="{_filled("[")}">',
    ),
    "percent signs in images": _images("%"),
    **{
        f"{name} in dates": ("<h1>x</h1>", _dates(_filled(text, 186)))
        for name, text in GROWING.items()
    },
    **{f"{name} in names": ("", _names(_filled(text, 80))) for name, text in GROWING.items()},
    **{
        f"{name} in titles": ("", f"<title>{_filled(text, 4000)}</title><h1>{_filled(text, 4000)}")
        for name, text in GROWING.items()
    },
    **{
        f"{name} in bylines": _in_bylines(f"<b>{_filled(text, 200)}</b>", "author byline date")
        for name, text in GROWING.items()
    },
}
