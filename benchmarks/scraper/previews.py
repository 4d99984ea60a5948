"""What is understood of the corpus's pages, and how long hostile pages hold the others up.

Accuracy is the share of the fields of tests/corpus that are as expected, beside `linkpreview` and
`trafilatura` on the same bytes, each by its documented call. Neither knows all of the fields: what
it has none for is left out of its share. Walls count for each as one answer: a wall is told when
the program says so, or at least has no title. Time is CPU of one thread.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from unittest.mock import patch
from urllib.parse import urljoin

import linkpreview
import trafilatura
from splitflap_scraper.fetch.politeness import robots
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.metadata import Metadata
from splitflap_scraper.preview.readers import PageReader
from splitflap_scraper.preview.walls import wall

from benchmarks.harness.table import note
from tests.corpus import FIELDS, Entry, entries
from tests.unit.scraper.documents import head_of
from tests.unit.scraper.hostile import HOSTILE, SIZE, hostile

#: Times that each page is read; the fastest counts.
ROUNDS = 5

#: Bytes that a reader takes in one step.
STEP = 16 * 1024

#: Lines of which a robots.txt may be full.
ROBOTS = {
    "short rules": "Allow:/\n",
    "blank lines": "\n",
    "groups": "User-agent: a\nDisallow: /\n",
    "stars": f"Disallow: /{'*a' * 200}\n",
    "long rules": f"Disallow: /{'a/b' * 600}\n",
    "escapes": f"Disallow: /{'%7e' * 600}\n",
    "not ASCII": "Disallow: /" + "\u30c4" * 600 + "\n",
    "comments": f"Disallow: / # {'#' * 1500}\n",
}

#: What a program says of a page: fields, or None for a wall.
Said = Mapping[str, str | None] | None


@dataclass
class Score:
    """Fields that were right, of those that the program has."""

    right: dict[str, int] = field(default_factory=dict)
    asked: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0

    def count(self, name: str, *, right: bool) -> None:
        """One field of one page."""
        self.asked[name] = self.asked.get(name, 0) + 1
        self.right[name] = self.right.get(name, 0) + right

    def share(self, name: str) -> str:
        """As a cell of the table."""
        if not self.asked.get(name):
            return "-"
        return f"{self.right[name]}/{self.asked[name]}"


def splitflap(entry: Entry) -> Said:
    """This scraper."""
    found = entry.understood()
    return {name: getattr(found, name) for name in FIELDS} if isinstance(found, Metadata) else None


def by_linkpreview(entry: Entry) -> Said:
    """linkpreview: title, description, image, site_name, and the icon."""
    found = linkpreview.link_preview(entry.url, entry.body.decode("utf-8", "replace"))
    image = found.absolute_image or None
    icon = next((urljoin(entry.url, str(each)) for each in _icons(found)), None)
    said = {
        "title": found.title,
        "description": found.description,
        "image": image,
        "site_name": found.site_name,
        "icon": icon,
    }
    return said if any(said.values()) else None


def _icons(found: object) -> list[object]:
    icons = getattr(found, "absolute_favicon", None) or []
    return [each[0] if isinstance(each, tuple) else each for each in icons]


def by_trafilatura(entry: Entry) -> Said:
    """trafilatura: title, description, image, site_name, author, the day, and the type."""
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


PROGRAMS: dict[str, Callable[[Entry], Said]] = {
    "splitflap": splitflap,
    "linkpreview": by_linkpreview,
    "trafilatura": by_trafilatura,
}


def main() -> None:
    """Print both tables."""
    corpus = list(entries())
    scores = {name: _score(name, program, corpus) for name, program in PROGRAMS.items()}
    print(f"\npreviews: {len(corpus)} pages, fields as expected\n")
    print(f"| | {' | '.join(scores)} |\n| --- |{' --- |' * len(scores)}")
    for name in (*FIELDS, "wall"):
        print(f"| {name} | {' | '.join(each.share(name) for each in scores.values())} |")
    totals = [
        f"{sum(each.right.values()) / sum(each.asked.values()):.1%}" for each in scores.values()
    ]
    print(f"| all that it has | {' | '.join(totals)} |")
    times = [f"{each.seconds / len(corpus) * 1e6:,.0f} us" for each in scores.values()]
    print(f"| CPU per page | {' | '.join(times)} |")
    _hostile_table()
    _robots_table()


def _score(name: str, program: Callable[[Entry], Said], corpus: list[Entry]) -> Score:
    note(f"previews: {name}")
    score = Score()
    for entry in corpus:
        said, seconds = _timed(program, entry)
        score.seconds += seconds
        if entry.wall is not None:
            score.count("wall", right=said is None or not said.get("title"))
            continue
        for each, wanted in entry.expect.items():
            if said is None or each in said:
                score.count(each, right=_same(each, wanted, said.get(each) if said else None, name))
    return score


def _same(name: str, wanted: str | None, said: str | None, program: str) -> bool:
    """Equal; for trafilatura the day is enough, and white space counts for nobody."""
    said = " ".join(said.split()) if said else None
    if name == "published_at" and program == "trafilatura":
        return (wanted or "")[:10] == (said or "")
    if name == "author" and said:
        said = said.replace(";", ",")
    return (wanted or None) == said


def _timed(program: Callable[[Entry], Said], entry: Entry) -> tuple[Said, float]:
    best = float("inf")
    said: Said = None
    for _ in range(ROUNDS):
        began = time.process_time()
        try:
            said = program(entry)
        except Exception as error:  # noqa: BLE001 - another program's failure is its answer
            note(f"{entry.name}: {type(error).__name__}: {error}")
            said = {}
        best = min(best, time.process_time() - began)
    return said, best


def _hostile_table() -> None:
    print(f"\nhostile pages, {SIZE // 1024} KiB each: CPU in all, and of the longest step\n")
    print("| page | ms | longest step, ms | read, KiB |\n| --- | --- | --- | --- |")
    rows = sorted((_hostile(name) for name in HOSTILE), key=lambda row: -row[2])
    for name, total, longest, read in rows:
        print(f"| {name} | {total * 1000:.1f} | {longest * 1000:.1f} | {read // 1024} |")
    print(json.dumps({"longest step, ms": round(max(row[2] for row in rows) * 1000, 1)}))


def _robots_table() -> None:
    print(f"\nrobots.txt, {robots.MAX_BYTES // 1024} KiB each: CPU of reading and of one path\n")
    print("| file | ms | longest step, ms |\n| --- | --- | --- |")
    longest = 0.0
    for name, line in ROBOTS.items():
        data = b"User-agent: *\n" + line.encode() * (robots.MAX_BYTES // len(line.encode()))
        total, step = min(_turns(data) for _ in range(3))
        longest = max(longest, step)
        print(f"| {name} | {total * 1000:.1f} | {step * 1000:.1f} |")
    print(json.dumps({"robots.txt: longest step, ms": round(longest * 1000, 1)}))


def _turns(data: bytes) -> tuple[float, float]:
    """CPU seconds in all, and of the longest step between two turns for others."""
    turns = [time.process_time()]
    with patch.object(robots, "time") as module:
        module.sleep = lambda _: turns.append(time.process_time())
        robots.parse(data, "splitflap").allow("/" + "a/b%7Ec" * 200)
    turns.append(time.process_time())
    return turns[-1] - turns[0], max(after - before for before, after in pairwise(turns))


def _hostile(name: str) -> tuple[str, float, float, int]:
    """The least of some rounds: of CPU in all, and of the longest step between two turns."""
    rounds = [_read(hostile(name).encode()) for _ in range(3)]
    return name, min(r[0] for r in rounds), min(r[1] for r in rounds), rounds[0][2]


def _read(data: bytes) -> tuple[float, float, int]:
    steps: list[float] = []
    reader = PageReader(head_of())
    at, done = 0, False
    while not done and at < min(len(data), SIZE):
        began = time.process_time()
        done = reader.feed(data[at : at + STEP], final=at + STEP >= len(data))
        steps.append(time.process_time() - began)
        at += STEP
    began = time.process_time()
    page = reader.document()
    steps.append(time.process_time() - began)
    began = time.process_time()
    wall(page, page.url, 200, reader.head.headers)
    steps.append(time.process_time() - began)
    began = time.process_time()
    extract(page)
    steps.append(time.process_time() - began)
    return sum(steps), max(steps), at


if __name__ == "__main__":
    main()
