"""Finds the few tags of a page's head that a preview is made of, as the page arrives.

A parser that builds a tree of a hostile head can be made to take quadratic time and memory. So the
head is first cut down, in time linear in its length, to its `meta`, `link`, `base` and `title`
tags, up to limits; only those are parsed. Tags are found wherever they stand before `</head>` or
`<body>`: real heads have elements that do not belong there, after which a parser would see a body.
"""

import re

#: Tags kept. Pages have some dozens.
MAX_TAGS = 400

#: Tags and comments looked at, kept or not: about 1.5 us each.
MAX_TOKENS = 4000

#: Longest tag, or text of a title, in characters. A longer tag is passed over, with what came along
#: with it.
MAX_TAG = 8192

#: No token is longer, so what may be the begin of one is kept for the next piece.
_LONGEST_TOKEN = 16

_TOKEN = re.compile(
    r"<(?:(!--)|(/head|body|plaintext|meta|link|base|title|script|style|noframes|iframe|textarea"
    r"|xmp)(?=[\s/>]))",
    re.IGNORECASE | re.ASCII,
)
#: The rest of a tag up to its end. A quote counts only after "=" (HTML Standard, tokenization);
#: each piece is possessive, so that no input makes it go back.
_REST_OF_TAG = re.compile(
    r"""(?:[^>"'=]++|=\s*+"[^"]*+"|=\s*+'[^']*+'|=(?=\s*+[^\s"'])|["'])*+""", re.ASCII
)
_END_OF_COMMENT = re.compile(r"--!?>")
_ENDS = frozenset({"/head", "body", "plaintext"})
_KEPT = frozenset({"meta", "link", "base"})
#: Elements whose content is text, however much it looks like tags.
_END_OF_TEXT = {
    name: re.compile(rf"</{name}(?=[\s/>])", re.IGNORECASE | re.ASCII)
    for name in ("title", "script", "style", "noframes", "iframe", "textarea", "xmp")
}


class HeadScanner:
    """Fed with the text of a page, piece by piece, until `done`."""

    def __init__(self) -> None:
        self.tags: list[str] = []
        self.done = False
        self._text = ""
        self._at = 0
        self._start = 0
        self._name = ""
        self._tokens = 0
        self._end = _END_OF_COMMENT
        self._step = self._between

    def feed(self, text: str) -> None:
        """Look at the next piece."""
        self._text += text
        while not self.done and self._step():
            pass
        used = min(self._at, self._start)
        self._text = self._text[used:]
        self._at -= used
        self._start -= used

    # Each step returns whether it got on; if not, it needs more text.

    def _between(self) -> bool:
        token = _TOKEN.search(self._text, self._at)
        if token is None:
            self._at = self._start = max(self._at, len(self._text) - _LONGEST_TOKEN)
            return False
        self._tokens += 1
        self._start, self._at = token.span()
        self._name = (token[2] or "").lower()
        if self._name in _ENDS or self._tokens > MAX_TOKENS:
            self.done = True
        elif self._name:
            self._step = self._in_tag
        else:
            # "<!-->" is a whole comment.
            self._at -= 2
            self._skip_to(_END_OF_COMMENT)
        return True

    def _in_tag(self) -> bool:
        rest = _REST_OF_TAG.match(self._text, self._at)
        self._at = rest.end() if rest else self._at
        if self._text[self._at : self._at + 1] == ">":
            self._at += 1
            self._after_tag()
            return True
        if len(self._text) - self._start > MAX_TAG:
            # Nothing of it is looked at twice, or a row of such tags would take quadratic time.
            self._at = self._start = len(self._text)
            self._step = self._between
        return False

    def _after_tag(self) -> None:
        if self._name == "title":
            self._step = self._in_title
        elif self._name in _KEPT:
            self._keep(self._text[self._start : self._at])
            self._step = self._between
        else:
            self._skip_to(_END_OF_TEXT[self._name])

    def _in_title(self) -> bool:
        end = _END_OF_TEXT["title"].search(self._text, self._at)
        if end is None and len(self._text) - self._start <= MAX_TAG:
            return False
        stop = end.start() if end else self._start + MAX_TAG
        self._keep(self._text[self._start : stop] + "</title>")
        self._at = stop
        self._skip_to(_END_OF_TEXT["title"])
        return True

    def _keep(self, tag: str) -> None:
        if len(tag) <= MAX_TAG + _LONGEST_TOKEN:
            self.tags.append(tag)
        self.done = len(self.tags) >= MAX_TAGS

    def _skip_to(self, end: re.Pattern[str]) -> None:
        self._end = end
        self._step = self._in_text

    def _in_text(self) -> bool:
        end = self._end.search(self._text, self._at)
        if end is None:
            self._at = self._start = max(self._at, len(self._text) - _LONGEST_TOKEN)
            return False
        self._at = self._start = end.end()
        self._step = self._between
        return True
