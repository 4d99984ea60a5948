"""Tells by a fast search whether markup may have a date or an author.

So most pages without a visible date and byline need no lines.
"""

import re

from splitflap_scraper.page.markup import any_name
from splitflap_scraper.preview.bylines.labels import LABELS, LONG_LABELS

#: Digits of a date: of its year, else of its day and month, or its time. They may be references.
_DIGITS = re.compile(
    r"[0-9&\u0080-\U0010ffff](?:(?<=\d)(?:\d{3}|\d?[./]\d|:\d|\d\d-\d\d?-\d)"
    r"|(?<=[\u5e74\ub144])|(?<=&)#|(?<=[\u0e01-\u0e3a])\.?\s?[4-7]\d)"
)
#: Parts of classes and of addresses that mark an author, and of texts before a link to one.
_PARTS = (
    "author", "autor", "auteur", "byline", "writer", "contributor", "creator", "fn", "user",
    "nickname", "redacteur", "journalist", "profile", "p-name", "/by/", "/@",
    "point", "posted", "written", "submitted", "published", "started", "asked", "created",
)  # fmt: skip
#: The start of a label. The rest of it may be in the next element.
_STARTS = {" ".join(each.split()[: 1 + (len(each.split()[0]) == 1)]) for each in LABELS}
_LABEL = re.compile(rf">(?:\s|&\w{{1,8}};)*{any_name({*_STARTS, *LONG_LABELS})}")


def may_have_date(markup: str) -> bool:
    """Whether markup may have a date, in its texts or its tags."""
    return _DIGITS.search(markup) is not None


def may_have_author(markup: str) -> bool:
    """Whether markup without a date may have an author."""
    if _LABEL.search(f">{markup}"):
        return True
    lower = markup.lower()
    # Each row of a preformatted text may begin with a label.
    return "<pre" in lower or ("=" in lower and any(each in lower for each in _PARTS))
