"""The steps of hostile pages and of hostile robots.txt files.

A step runs without a yield to other green threads, so the longest step delays all of them.
"""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from unittest.mock import patch

from splitflap_scraper.fetch.politeness import robots
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.oembed.providers import discovered
from splitflap_scraper.preview.readers import MAX_PAGE, PageReader
from splitflap_scraper.preview.refresh import refresh
from splitflap_scraper.preview.walls.wall import wall

from tests.unit.scraper.page.hostile_pages import HOSTILE, hostile
from tests.unit.scraper.preview.documents import head_of

#: Times that each file is read. The fastest counts.
ROUNDS = 2

#: Bytes of a page that a reader takes in one step.
STEP = 16 * 1024

#: A line that fills a robots.txt, by the name of the file.
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


def show_hostile_pages() -> None:
    """Measure hostile pages, and print their table."""
    print(f"\nhostile pages, {MAX_PAGE // 1024} KiB each: CPU in all, and of the longest step\n")
    print("| page | ms | longest step, ms | read, KiB |\n| --- | --- | --- | --- |")
    rows = sorted((_measure_page(name) for name in HOSTILE), key=lambda row: -row[2])
    for name, total, longest, read in rows:
        print(f"| {name} | {total * 1000:.1f} | {longest * 1000:.1f} | {read // 1024} |")
    print(json.dumps({"longest step, ms": round(max(row[2] for row in rows) * 1000, 1)}))


def show_robots_files() -> None:
    """Measure robots.txt files, and print their table."""
    print(f"\nrobots.txt, {robots.MAX_BYTES // 1024} KiB each: CPU of reading and of one path\n")
    print("| file | ms | longest step, ms |\n| --- | --- | --- |")
    longest = 0.0
    for name, line in ROBOTS.items():
        data = b"User-agent: *\n" + line.encode() * (robots.MAX_BYTES // len(line.encode()))
        total, step = min(_robots_steps(data) for _ in range(ROUNDS))
        longest = max(longest, step)
        print(f"| {name} | {total * 1000:.1f} | {step * 1000:.1f} |")
    print(json.dumps({"robots.txt: longest step, ms": round(longest * 1000, 1)}))


def _robots_steps(data: bytes) -> tuple[float, float]:
    """CPU seconds of a file and of one path: in all, and of the longest step between yields."""
    yields = [time.process_time()]
    with patch.object(robots, "time") as module:
        module.sleep = lambda _: yields.append(time.process_time())
        robots.parse(data, "splitflap").allow("/" + "a/b%7Ec" * 200)
    yields.append(time.process_time())
    return yields[-1] - yields[0], max(after - before for before, after in pairwise(yields))


def _measure_page(name: str) -> tuple[str, float, float, int]:
    """The page's name, its least CPU seconds in all and of the longest step, and the bytes read."""
    rounds = [_page_steps(hostile(name, MAX_PAGE).encode()) for _ in range(ROUNDS)]
    return name, min(r[0] for r in rounds), min(r[1] for r in rounds), rounds[0][2]


def _page_steps(data: bytes) -> tuple[float, float, int]:
    """The CPU seconds of a page in all and of the longest step, and the bytes read."""
    yields = [time.process_time()]

    def after_step(*_: object) -> None:
        yields.append(time.process_time())

    with patch.object(time, "sleep", after_step):
        read = _preview(data, after_step)
    return yields[-1] - yields[0], max(after - before for before, after in pairwise(yields)), read


def _preview(data: bytes, after_step: Callable[[], None]) -> int:
    """Make the preview of a page as the builder does, and return the bytes read."""
    reader = PageReader(head_of())
    size = min(len(data), reader.max_bytes)
    at, done = 0, False
    while not done and at < size:
        done = reader.feed(data[at : at + STEP], final=at + STEP >= size)
        at += STEP
        after_step()
    page = reader.document()
    refresh(page, reader.head, lambda _url: False)
    with page.pace:
        page.pace.after(wall(page, page.url, 200, reader.head.headers))
    extract(page)
    discovered(page, reader.head.headers)
    after_step()
    return at
