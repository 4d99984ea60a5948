"""The accuracy of previews: fields of tests/corpus, found by this scraper and by others."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin

import linkpreview
import trafilatura
from splitflap_core.contracts import PreviewFields

from benchmarks.harness.table import note
from tests.corpus import FIELDS, Entry

#: Times that each page is read. The fastest counts.
ROUNDS = 5

#: The fields that a program finds in a page; None for a wall.
Fields = Mapping[str, str | None] | None


@dataclass
class Score:
    """The numbers of expected and of correct fields. Fields unknown to a program do not count."""

    right: dict[str, int] = field(default_factory=dict)
    expected: dict[str, int] = field(default_factory=dict)
    #: CPU seconds of all pages.
    seconds: float = 0.0

    def count(self, name: str, *, right: bool) -> None:
        """Count one field of one page."""
        self.expected[name] = self.expected.get(name, 0) + 1
        self.right[name] = self.right.get(name, 0) + right

    def share(self, name: str) -> str:
        """The cell of a field in the table."""
        if not self.expected.get(name):
            return "-"
        return f"{self.right[name]}/{self.expected[name]}"


def splitflap(entry: Entry) -> Fields:
    """The fields of this scraper."""
    found = entry.preview()
    return (
        {name: getattr(found, name) for name in FIELDS}
        if isinstance(found, PreviewFields)
        else None
    )


def by_linkpreview(entry: Entry) -> Fields:
    """The fields of linkpreview: title, description, image, site_name, icon."""
    found = linkpreview.link_preview(entry.url, entry.body.decode("utf-8", "replace"))
    image = found.absolute_image or None
    icon = next((urljoin(entry.url, str(each)) for each in _icons(found)), None)
    fields = {
        "title": found.title,
        "description": found.description,
        "image": image,
        "site_name": found.site_name,
        "icon": icon,
    }
    return fields if any(fields.values()) else None


def _icons(found: object) -> list[object]:
    icons = getattr(found, "absolute_favicon", None) or []
    return [each[0] if isinstance(each, tuple) else each for each in icons]


def by_trafilatura(entry: Entry) -> Fields:
    """The fields of trafilatura: title, description, image, site_name, author, day, type."""
    found = trafilatura.extract_metadata(entry.body, default_url=entry.url)
    if found is None:
        return None
    return {
        "title": found.title,
        "description": found.description,
        "image": found.image,
        "site_name": found.sitename,
        "author": found.author,
        "published_at": found.date,
        "type": found.pagetype,
    }


PROGRAMS: dict[str, Callable[[Entry], Fields]] = {
    "splitflap": splitflap,
    "linkpreview": by_linkpreview,
    "trafilatura": by_trafilatura,
}


def score_of(name: str, program: Callable[[Entry], Fields], corpus: list[Entry]) -> Score:
    """Run a program on all pages, and count its correct fields."""
    note(f"previews: {name}")
    score = Score()
    for entry in corpus:
        fields, seconds = _timed(program, entry)
        score.seconds += seconds
        if entry.wall is not None:
            score.count("wall", right=fields is None or not fields.get("title"))
            continue
        for each, expected in entry.expect.items():
            if fields is None or each in fields:
                found = fields.get(each) if fields else None
                score.count(each, right=_equal(each, expected, found, name))
    return score


def _equal(name: str, expected: str | None, found: str | None, program: str) -> bool:
    """Compare without white space. Trafilatura finds only the day of published_at."""
    found = " ".join(found.split()) if found else None
    if name == "published_at" and program == "trafilatura":
        return (expected or "")[:10] == (found or "")
    if name == "author" and found:
        found = found.replace(";", ",")
    return (expected or None) == found


def _timed(program: Callable[[Entry], Fields], entry: Entry) -> tuple[Fields, float]:
    """The fields, and the CPU seconds of the fastest of several runs."""
    best = float("inf")
    fields: Fields = None
    for _ in range(ROUNDS):
        began = time.process_time()
        try:
            fields = program(entry)
        except Exception as error:  # noqa: BLE001 - a failure is the program's result
            note(f"{entry.name}: {type(error).__name__}: {error}")
            fields = {}
        best = min(best, time.process_time() - began)
    return fields, best
