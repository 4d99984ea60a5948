"""Messages that a worker which was broken into may send about its job, with the reasons."""

import json
from typing import Any

from splitflap_core.contracts import MAX_HTML, MAX_LINKS, MAX_MESSAGE, MAX_URL

Row = dict[str, Any]

LINK = '<a href="{}" rel="nofollow ugc noopener">a</a>'


def message(job: Row, outcome: Any, /, **changes: Any) -> bytes:
    """An outcome of this job in JSON, with some fields of the envelope changed."""
    envelope = {
        "job": job["id"],
        "kind": job["kind"],
        "attempt": job["attempt"],
        "outcome": outcome,
        "took": 0.1,
        "worker": "w",
        "version": 1,
    }
    return json.dumps(envelope | changes).encode()


def done(result: Row) -> Row:
    """A Done with this result."""
    return {"outcome": "done", "result": result}


#: Results of a render, and a part of the reason in the dead letter.
RENDERS: dict[str, tuple[Row, str]] = {
    "script": ({"html": "<script>alert(1)</script>"}, "html"),
    "event handler": ({"html": '<p onclick="alert(1)">a</p>'}, "html"),
    "javascript link": ({"html": LINK.format("javascript:alert(1)")}, "html"),
    "frame": ({"html": '<iframe src="https://a.example/"></iframe>'}, "html"),
    "style": ({"html": "<style>*{display:none}</style>"}, "html"),
    "end tags of the page": ({"html": "</div></div><p>a</p>"}, "html"),
    "open element": ({"html": "<div>a"}, "html"),
    "clobbering id": ({"html": '<h1 id="location">a</h1>'}, "html"),
    "long html": ({"html": "a" * (MAX_HTML + 1)}, str(MAX_HTML)),
    "zero in html": ({"html": "<p>a\0b</p>"}, r"U\+0000"),
    "half a surrogate pair": ({"html": "<p>\ud800</p>"}, ""),
    "html of another type": ({"html": 1}, "html"),
    "no html": ({"html": None}, "html"),
    "javascript as link": ({"html": "", "links": ["javascript:alert(1)"]}, "links"),
    "data as link": ({"html": "", "links": ["data:text/html,x"]}, "links"),
    "link without host": ({"html": "", "links": ["http:///x"]}, "links"),
    "empty link": ({"html": "", "links": [""]}, "links"),
    "link with a line end": ({"html": "", "links": ["http://a.example/\nb"]}, "links"),
    "long link": ({"html": "", "links": ["http://a/" + "x" * MAX_URL]}, "links"),
    "link of many bytes": ({"html": "", "links": ["http://a/" + "\U0001f4a9" * 600]}, "bytes"),
    "many links": ({"html": "", "links": ["http://a/"] * (MAX_LINKS + 1)}, "links"),
    "links of another type": ({"html": "", "links": {"a": "b"}}, "links"),
    "many mentions": ({"html": "", "links": [], "mentions": ["a"] * 51}, "mentions"),
    "mention with a space": ({"html": "", "links": [], "mentions": ["a b"]}, "mentions"),
    "mention with a line end": ({"html": "", "links": [], "mentions": ["a\n"]}, "mentions"),
    "long channel": ({"html": "", "links": [], "channels": ["a" * 101]}, "channels"),
    "long excerpt": ({"html": "", "links": [], "excerpt": "a" * 201}, "excerpt"),
    "zero in the excerpt": ({"html": "", "links": [], "excerpt": "\0"}, r"U\+0000"),
    "result of another kind": ({"title": "a"}, "html"),
}

#: Results of a scrape.
SCRAPES: dict[str, tuple[Row, str]] = {
    "javascript as image": ({"image": "javascript:alert(1)"}, "image"),
    "javascript as icon": ({"icon": "JavaScript:alert(1)"}, "icon"),
    "javascript as canonical": ({"canonical": " javascript:alert(1)"}, "canonical"),
    "data as image": ({"image": "data:image/svg+xml,x"}, "image"),
    "file as image": ({"image": "file:///etc/passwd"}, "image"),
    "image without scheme": ({"image": "//a.example/i.png"}, "image"),
    "private image": ({"image": "http://192.168.0.1/reboot"}, "private"),
    "private image as a number": ({"image": "http://0x7f.1/"}, "private"),
    "private icon": ({"icon": "http://[::1]/"}, "private"),
    "local image": ({"image": "http://localhost:8080/"}, "private"),
    "private image by NAT64": ({"image": "http://[64:ff9b::a00:1]/"}, "private"),
    "long image": ({"image": "http://a.example/" + "x" * MAX_URL}, "image"),
    "javascript as player": ({"player": "javascript:alert(1)"}, "player"),
    "player without TLS": ({"player": "http://a.example/"}, "player"),
    "private player": ({"player": "https://192.168.0.1/"}, "private"),
    "form of a card that is none": ({"card": "huge"}, "card"),
    "long text of an image": ({"image_alt": "a" * 1001}, "image_alt"),
    "player of no width": ({"player_width": 0}, "player_width"),
    "sensitive that is a number": ({"sensitive": 1}, "sensitive"),
    "price with an exponent": ({"price": "1e9"}, "price"),
    "price that is a number": ({"price": 1.5}, "price"),
    "currency that is a symbol": ({"currency": "$"}, "currency"),
    "stock that is a text": ({"availability": "In stock"}, "availability"),
    "file of a negative size": ({"file_size": -1}, "file_size"),
    "file beyond 53 bits": ({"file_size": 2**53}, "file_size"),
    "long title": ({"title": "a" * 301}, "title"),
    "zero in the title": ({"title": "a\0"}, r"U\+0000"),
    "half a surrogate pair": ({"title": "\udc00"}, ""),
    "title of another type": ({"title": ["a"]}, "title"),
    "long description": ({"description": "a" * 1001}, "description"),
    "long site": ({"site_name": "a" * 101}, "site_name"),
    "long authors": ({"author": "a" * 201}, "author"),
    "time that is none": ({"published_at": "yesterday"}, "published_at"),
    "30th of February": ({"published_at": "2026-02-30T00:00:00Z"}, "published_at"),
    "year 285200673": ({"published_at": "285200673-01-01T00:00:00Z"}, "published_at"),
    "language that is none": ({"language": "<b>"}, "language"),
    "long type": ({"type": "a" * 31}, "type"),
    "width beyond 32 bits": ({"image_width": 2**32}, "image_width"),
    "width beyond 64 bits": ({"image_width": 2**70}, "image_width"),
    "width below zero": ({"image_height": -1}, "image_height"),
    "width that is no integer": ({"image_width": 1.5}, "image_width"),
    "keep until the year 285200673": ({"keep": 9e15}, "keep"),
    "keep of a century": ({"keep": 3.2e9}, "keep"),
    "keep below zero": ({"keep": -1}, "keep"),
    "keep of another type": ({"keep": "1"}, "keep"),
}

#: Outcomes other than Done, of either kind.
OTHERS: dict[str, tuple[Row, str]] = {
    "long reason": ({"outcome": "failed", "reason": "a" * 51}, "reason"),
    "reason with a line end": ({"outcome": "failed", "reason": "a\n"}, "reason"),
    "empty reason": ({"outcome": "failed", "reason": ""}, "reason"),
    "reason that is a text": ({"outcome": "failed", "reason": "<b>no</b>"}, "reason"),
    "long detail": ({"outcome": "failed", "reason": "a", "detail": "a" * 1001}, "detail"),
    "zero in the detail": ({"outcome": "failed", "reason": "a", "detail": "\0"}, r"U\+0000"),
    "failure for ever": ({"outcome": "failed", "reason": "a", "keep": 9e15}, "keep"),
    "retry before now": ({"outcome": "retry_later", "after": -1, "reason": "a"}, "after"),
    "retry in a year": ({"outcome": "retry_later", "after": 3.2e7, "reason": "a"}, "after"),
    "retry in the year 285200673": (
        {"outcome": "retry_later", "after": 9e15, "reason": "a"},
        "after",
    ),
    "unknown progress": (
        {"outcome": "retry_later", "after": 1, "reason": "a", "progress": "never"},
        "progress",
    ),
    "slow down": ({"outcome": "slow_down", "after": 1, "reason": "a"}, "slow_down"),
    "no outcome": ({}, "outcome"),
}

#: Changes of the envelope.
ENVELOPES: dict[str, tuple[Row, str]] = {
    "unknown kind": ({"kind": "paint"}, "paint"),
    "later attempt": ({"attempt": 999}, "attempt 999"),
    "attempt beyond 64 bits": ({"attempt": 2**70}, "attempt"),
    "attempt below zero": ({"attempt": -1}, "attempt"),
    "endless time": ({"took": 1e300}, "took"),
    "long worker": ({"worker": "a" * 301}, "worker"),
    "long trace": ({"traceparent": "a" * 301}, "traceparent"),
    "zero in the worker": ({"worker": "\0"}, r"U\+0000"),
    "other version": ({"version": 2}, "version 2"),
    "endless version": ({"version": 2**70}, ""),
}


def raw(job: Row) -> dict[str, tuple[bytes, str]]:
    """Messages that no JSON library writes."""
    good = message(job, done({"html": "<p>a</p>", "links": []}))
    return {
        "empty": (b"", ""),
        "no JSON": (b"\xff\xfe", ""),
        "no number": (good.replace(b'"took": 0.1', b'"took": NaN'), ""),
        "endless number": (good.replace(b'"took": 0.1', b'"took": 1e999'), "took"),
        "long number": (good.replace(b'"took": 0.1', b'"took": ' + b"9" * 100_000), ""),
        "deep nesting": (good.replace(b"0.1", b"[" * 100_000 + b"]" * 100_000), ""),
        "deep unknown field": (
            good[:-1] + b', "new": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
            "",
        ),
        "deep result": (
            good.replace(b'"<p>a</p>"', b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
            "",
        ),
        "zero in a string": (good.replace(b"<p>a", b"<p>\0"), ""),
        "cut off": (good[:-5], ""),
        "two messages": (good + good, ""),
        "15 MB": (good[:-1] + b" " * 15_000_000 + b"}", str(MAX_MESSAGE)),
        "15 MB of HTML": (message(job, done({"html": "a" * 15_000_000})), str(MAX_MESSAGE)),
    }
