"""The accuracy of previews: fields of tests/corpus, found by this scraper and by others."""

import json
import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urljoin

import linkpreview
import trafilatura
import webencodings
from splitflap_core.contracts import PreviewFields

from benchmarks.harness.table import note
from tests.corpus import FIELDS, Entry

#: Times that each page is read. The fastest counts.
ROUNDS = 5

#: The programs of Node.js, and their packages.
RIVALS = Path(__file__).parent / "rivals"
MODULES = Path(__file__).parents[2] / ".tools" / "previews" / "node_modules"

#: The fields that a program finds in a page; None for a wall.
Fields = Mapping[str, str | None] | None

#: The fields of a page, and the CPU seconds.
Answer = tuple[Fields, float]

#: Reads all pages, in their order.
Program = Callable[[list[Entry]], Iterator[Answer]]


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
        right, expected = self.right[name], self.expected[name]
        return f"{right / expected:.0%} ({right}/{expected})"


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
    found = linkpreview.link_preview(entry.url, _decoded(entry))
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


def by_metascraper(corpus: list[Entry]) -> Iterator[Answer]:
    """The fields of metascraper: title, description, image, site_name, author, day, language.

    It refuses hosts under `.example`, so it sees them under `.example.com`.
    """
    command = ["node", str(RIVALS / "metascraper.mjs")]
    with subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "NODE_PATH": str(MODULES)},
    ) as node:
        assert node.stdin, "a pipe"
        assert node.stdout, "a pipe"
        for entry in corpus:
            request = json.dumps({"url": entry.url, "html": _decoded(entry)})
            line = request.replace(".example", ".example.com").encode() + b"\n"
            answers = []
            for _ in range(ROUNDS):
                node.stdin.write(line)
                node.stdin.flush()
                answers.append(
                    json.loads(node.stdout.readline().replace(b".example.com", b".example"))
                )
            yield _of_metascraper(answers[0]["fields"]), min(each["seconds"] for each in answers)


def _of_metascraper(found: dict[str, str | None]) -> Fields:
    if "error" in found:
        note(f"metascraper: {found['error']}")
        return {}
    names = {"publisher": "site_name", "date": "published_at", "lang": "language"}
    return {names.get(name, name): value for name, value in found.items()}


def _decoded(entry: Entry) -> str:
    """The page's text. Programs that take text leave the encoding to their callers."""
    declared = re.search(
        rb"charset=[\"']?([\w-]+)", entry.content_type.encode() + entry.body[:4096]
    )
    label = declared[1].decode() if declared else "utf-8"
    return webencodings.decode(entry.body, label if webencodings.lookup(label) else "utf-8")[0]


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


def each_timed(program: Callable[[Entry], Fields]) -> Program:
    """A program that reads pages one by one, with the CPU seconds of the fastest of its runs."""

    def run(corpus: list[Entry]) -> Iterator[Answer]:
        for entry in corpus:
            yield _timed(program, entry)

    return run


def programs() -> dict[str, Program]:
    """The programs at hand, by name."""
    found = {
        "splitflap": each_timed(splitflap),
        "linkpreview": each_timed(by_linkpreview),
        "trafilatura": each_timed(by_trafilatura),
    }
    if shutil.which("node") and MODULES.is_dir():
        found["metascraper"] = by_metascraper
    else:
        note(f"previews: metascraper is left out: no Node.js, or no {MODULES} (make bench-tools)")
    return found


def score_of(name: str, program: Program, corpus: list[Entry]) -> Score:
    """Run a program on all pages, and count its correct fields."""
    note(f"previews: {name}")
    score = Score()
    for entry, (fields, seconds) in zip(corpus, program(corpus), strict=True):
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
    """Compare without white space. A day is enough for others, and a language without a region."""
    found = " ".join(found.split()) if found else None
    if name == "published_at" and program != "splitflap":
        return (expected or "")[:10] == (found or "")[:10]
    if name == "language" and program == "metascraper":
        return (expected or "").split("-")[0] == (found or "")
    if name == "author" and found:
        found = found.replace(";", ",")
    return (expected or None) == found


def _timed(program: Callable[[Entry], Fields], entry: Entry) -> Answer:
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
