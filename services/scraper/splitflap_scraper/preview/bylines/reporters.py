"""Reads the names of reporters in Korean lines, which have their role and no label."""

import re

from splitflap_scraper.preview.bylines.lines import BOUNDARY
from splitflap_scraper.preview.bylines.segments import Mark, seen_names

#: Characters read of a line.
MAX_LINE = 160

_ROLE = "기자"
#: Names in a line of their own, before an address, or in the dateline of an agency.
_REPORTERS = re.compile(
    r"\s*(?:[(\[][^()\[\]]{1,40}[)\]])?\s*((?:[가-힣]{2,4}[\s·,]{1,2}){0,3}[가-힣]{2,4})"
    rf"\s?{_ROLE}\s?(?:=|\Z|[\s({BOUNDARY}]*[\w.+-]{{1,64}}@[\w.-]{{1,80}}\)?\Z)"
)
_BETWEEN = re.compile(r"[\s·,]+")
#: Kinds of reporters, desks and newspapers.
_NO_NAME = re.compile(r"\A(?:선임|수습|인턴|객원|전문)|(?:[부팀국]|뉴스|일보|신문|방송)\Z")


def reporters(text: str) -> list[str]:
    """Return the names of a line of reporters, or of one that begins with them."""
    match = _REPORTERS.match(text[:MAX_LINE]) if _ROLE in text else None
    words = _BETWEEN.split(match[1]) if match else []
    return [
        name
        for each in words
        if not _NO_NAME.search(each)
        for name in seen_names([each], Mark.NAME)
    ]
