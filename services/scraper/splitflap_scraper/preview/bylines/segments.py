"""Reads the authors in a line that a reader sees, by its labels, elements and separators."""

import re
from enum import IntEnum

from splitflap_scraper.preview.bylines.kinds import Kind, kind
from splitflap_scraper.preview.bylines.labels import (
    Label,
    Segment,
    is_of_publication,
    may_have_label,
    segments,
)
from splitflap_scraper.preview.bylines.names import read_names

#: Characters of a line without a mark.
MAX_LINE = 250

#: A text that joins the name before it to that after it.
_JOINT = re.compile(
    r"\s*(?:,?\s*(?:AND|and|und|et|y|e|i|og|och|en|ja|ve|&|\+|with)(?=\s|\Z)|[,;\u3001\u060c/])"
)
_COMMAS = frozenset({"", ",", ";", "\u3001", "\u060c", "/"})
#: The end of a text that joins the next one.
_OPEN = re.compile(r"(?i)(?:[,;\u3001\u060c&]|\s(?:and|und|et|y|e|og|och|en))\s*\Z")


class Mark(IntEnum):
    """The mark of a text.

    It has none, or that of an author, or that of a byline with words around names, or that of a
    name alone.
    """

    NONE = 0
    AUTHOR = 1
    BYLINE = 2
    NAME = 3


def seen_names(parts: list[str], mark: Mark, *, are_several: bool = False) -> list[str]:
    """Return the names in the texts of a line's elements, or none if it is another text."""
    if mark == Mark.NONE and (sum(map(len, parts)) > MAX_LINE or not may_have_label(parts)):
        return []
    found = [
        each for each in segments(parts, is_byline=mark == Mark.BYLINE) if each.text or each.label
    ]
    start = next((at for at, each in enumerate(found) if each.label == Label.AUTHOR), None)
    if start is not None:
        before = next((each.text for each in found[:start] if not each.label), "")
        if mark == Mark.NONE and not is_of_publication(before):
            return []
        names = _labelled(found[start:], mark, are_several=are_several)
        if names or mark == Mark.NONE:
            return names
    return _unlabelled(found, mark, are_several=are_several) if mark else []


def _labelled(found: list[Segment], mark: Mark, *, are_several: bool) -> list[str]:
    """Return the names from a label on."""
    lowest = Kind.LONE if mark else Kind.ORGANIZATION
    return _Reader(mark, lowest, are_several=are_several, is_labelled=True).names(found)


def _unlabelled(found: list[Segment], mark: Mark, *, are_several: bool) -> list[str]:
    """Return the names in a marked line: people, else organizations, else an account."""
    for lowest in (Kind.PERSON, Kind.ORGANIZATION, Kind.LONE)[: 3 if mark == Mark.NAME else 2]:
        if names := _Reader(mark, lowest, are_several=are_several).names(found):
            return names
    return []


#: Segments before the first name of a line, at most.
MAX_BEFORE_NAME = 20


class _Reader:
    """Reads names in segments, each joined to the one before it."""

    def __init__(
        self, mark: Mark, lowest: Kind, *, are_several: bool, is_labelled: bool = False
    ) -> None:
        self._mark = mark
        self._lowest = lowest
        self._are_several = are_several
        self._is_labelled = is_labelled
        self._names: list[str] = []
        #: The text that joins the next segment to the names so far.
        self._joint = ""
        #: Whether the next segment has the name of another person.
        self._is_of_other = False

    def names(self, found: list[Segment]) -> list[str]:
        """Return the names from the first segment on that has any."""
        for index, each in enumerate(found):
            if each.label if self._names else index >= MAX_BEFORE_NAME:
                break
            if self._is_skipped(each):
                continue
            if not self._read(each.text):
                break
        return self._names

    def _is_skipped(self, segment: Segment) -> bool:
        is_of_other, self._is_of_other = self._is_of_other, False
        if segment.label == Label.OTHER:
            self._is_of_other = not segment.text
            return True
        return is_of_other and segment.label == Label.NONE

    def _read(self, text: str) -> bool:
        """Read a segment. It returns whether the next one may have a name."""
        match = _JOINT.match(text)
        bare = text[match.end() :] if match else text
        joint = match[0] if match else self._joint
        if not bare.strip():
            self._joint = joint
            return True
        if self._names and not (joint or self._are_several):
            return kind(bare) == Kind.ROLE
        found = read_names(
            bare,
            is_labelled=self._is_labelled,
            is_marked=self._mark > Mark.NONE,
            is_sure=self._mark == Mark.NAME,
            is_strict=self._mark == Mark.NONE,
        )
        # A house or a place follows a comma.
        is_beside = bool(self._names) and joint.strip() in _COMMAS
        lowest = Kind.PERSON if is_beside else self._lowest
        found = [(of, name) for of, name in found if of >= lowest]
        self._names += [name for _, name in found]
        end = _OPEN.search(text)
        self._joint = end[0] if end else ""
        return bool(found) or not (self._names or self._is_labelled) or kind(bare) == Kind.ROLE
