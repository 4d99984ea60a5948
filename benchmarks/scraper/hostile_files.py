"""The steps of hostile files, of hostile headers, and of hostile answers of oEmbed."""

import json
import time
from collections.abc import Callable
from itertools import pairwise
from unittest.mock import patch

from splitflap_core.contracts import PreviewFields
from splitflap_core.urls.addresses import PUBLIC_ONLY
from splitflap_scraper.fetch.http import content_disposition
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.preview.details.players import DEFAULT_PLAYERS
from splitflap_scraper.preview.files.kinds import MAX_BYTES
from splitflap_scraper.preview.oembed.answer import answer_of, merged
from splitflap_scraper.preview.oembed.providers import discovered
from splitflap_scraper.preview.oembed.requests import MAX_ANSWER
from splitflap_scraper.preview.readers import FileReader

from tests.unit.scraper.fetch.hostile_headers import DISPOSITIONS, LINKS
from tests.unit.scraper.preview.documents import head_of, read
from tests.unit.scraper.preview.files.hostile_files import (
    ANSWERS,
    FILES,
    hostile_answer,
    hostile_file,
)

#: Times that each is read. The fastest counts.
ROUNDS = 3

#: Bytes of a file that a reader takes in one step, and characters of a header.
STEP = 16 * 1024
HEADER = 60_000


def show_hostile_files() -> None:
    """Measure them, and print their table."""
    print("\nhostile files, headers and answers: CPU of the longest step\n")
    print("| what | longest step, ms |\n| --- | --- |")
    rows = {f"a file: {name}": _file(name) for name in FILES}
    rows |= {f"an answer: {name}": _answer(name) for name in ANSWERS}
    rows |= {f"Content-Disposition: {name}": _disposition(*of) for name, of in DISPOSITIONS.items()}
    rows |= {f"Link: {name}": _link(*of) for name, of in LINKS.items()}
    found = {name: min(_longest(read_it) for _ in range(ROUNDS)) for name, read_it in rows.items()}
    for name, longest in sorted(found.items(), key=lambda row: -row[1])[:12]:
        print(f"| {name} | {longest * 1000:.1f} |")
    longest = round(max(found.values()) * 1000, 1)
    print(json.dumps({"files, headers and answers: longest step, ms": longest}))


def _longest(read_it: Callable[[], object]) -> float:
    yields = [time.process_time()]
    with patch.object(time, "sleep", lambda _: yields.append(time.process_time())):
        read_it()
    yields.append(time.process_time())
    return max(after - before for before, after in pairwise(yields))


def _file(name: str) -> Callable[[], object]:
    kind, data = hostile_file(name, MAX_BYTES[FILES[name][0]])

    def read_file() -> None:
        reader = FileReader(head_of(), kind)
        for at in range(0, len(data), STEP):
            reader.feed(data[at : at + STEP], final=at + STEP >= len(data))
            time.sleep(0)
        reader.fields()

    return read_file


def _answer(name: str) -> Callable[[], object]:
    data = hostile_answer(name, MAX_ANSWER)

    def read_answer() -> None:
        if answer := answer_of(data):
            merged(PreviewFields(), answer, DEFAULT_PLAYERS, PUBLIC_ONLY)

    return read_answer


def _disposition(begin: str, unit: str) -> Callable[[], object]:
    header = begin + unit * (HEADER // len(unit))

    def read_name() -> None:
        content_disposition.saved_name(header)

    return read_name


def _link(begin: str, unit: str) -> Callable[[], object]:
    headers = Headers([("Link", begin + unit * (HEADER // len(unit)))])
    page = read(b"").document()
    return lambda: discovered(page, headers)
