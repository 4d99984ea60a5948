"""The wire format. The .json files are golden messages of version 1.

A failure here means failures during an upgrade of a running cluster. Add files for new fields and
versions; existing files stay as they are.
"""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from splitflap_core.contracts import (
    MAX_LINKS,
    MAX_URL,
    BrokenMessage,
    Job,
    JobOutcome,
    RenderRequest,
    RenderResult,
    ScrapeRequest,
    ScrapeResult,
    UnknownVersion,
    decode_job,
    decode_job_outcome,
    decode_payload,
    encode,
)
from splitflap_core.kinds import KINDS
from splitflap_core.outcomes import Done, Failed, RetryLater

HERE = Path(__file__).parent
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def raw(value: object) -> msgspec.Raw:
    """A part of a message."""
    return msgspec.Raw(encode(value))


def outcome(kind: Any, attempt: int, said: Any, **more: Any) -> JobOutcome:
    """An outcome as in the golden files."""
    return JobOutcome("019a-job", kind, attempt, said, 0.25, "worker-1", **more)


LINKED = RenderResult("<p>a</p>", ["https://a.example/"])
FOUND = RenderResult("<p>a</p>", ["https://a.example/"], ["ann"], ["general"], "a")
PREVIEW = ScrapeResult("A title", "A description", "https://a.example/i.png", "A site", keep=3600.0)
FULL = ScrapeResult(
    "A title",
    "A description",
    "https://a.example/i.png",
    "A site",
    keep=3600.0,
    author="An Author",
    published_at="2024-01-02T03:04:05Z",
    language="pt-BR",
    type="article",
    icon="https://a.example/icon.svg",
    canonical="https://a.example/canonical",
    image_width=1200,
    image_height=630,
)
TELLING = msgspec.structs.replace(
    FULL,
    image_alt="A cat on a sofa",
    card="large",
    player="https://video.example/embed/1",
    player_width=640,
    player_height=360,
    sensitive=False,
    price="19.90",
    currency="EUR",
    availability="in_stock",
    file_size=5_000_000_000,
)
IDS = {"task": "019a-task", "traceparent": TRACEPARENT}

MESSAGES: dict[str, Job | JobOutcome] = {
    "render-job": Job(
        "019a-job",
        "render",
        1,
        1760000000.25,
        raw(RenderRequest("a *text* \u00e9")),
        **IDS,  # type: ignore[arg-type]  # texts
    ),
    "render-job-gfm": Job(
        "019a-job",
        "render",
        1,
        1760000000.25,
        raw(RenderRequest("a *text* \u00e9", "gfm")),
        **IDS,  # type: ignore[arg-type]  # texts
    ),
    "render-job-breaks": Job(
        "019a-job",
        "render",
        1,
        1760000000.25,
        raw(RenderRequest("a *text* \u00e9", "gfm", breaks=True, salt="0123abcd")),
        **IDS,  # type: ignore[arg-type]  # texts
    ),
    "scrape-job": Job(
        "019a-job", "scrape", 2, 1760000000.25, raw(ScrapeRequest("https://a.example/?b=c"))
    ),
    "render-done": outcome("render", 1, Done(raw(LINKED)), **IDS),
    "render-done-found": outcome("render", 1, Done(raw(FOUND)), **IDS),
    "render-done-slots": outcome("render", 1, Done(raw(LINKED)), **IDS, slots=8),
    "scrape-done": outcome("scrape", 1, Done(raw(PREVIEW))),
    "scrape-done-full": outcome("scrape", 1, Done(raw(FULL))),
    "scrape-done-telling": outcome("scrape", 1, Done(raw(TELLING))),
    "scrape-retry-later": outcome("scrape", 1, RetryLater(1.5, "timeout")),
    "scrape-failed": outcome("scrape", 5, Failed("not_found", "404 of https://a.example/", 600.0)),
}


def golden(name: str) -> dict[str, Any]:
    """The content of a golden file."""
    found: dict[str, Any] = json.loads((HERE / f"{name}.v1.json").read_text(encoding="utf-8"))
    return found


@pytest.mark.parametrize("name", MESSAGES)
def test_written_messages_equal_the_golden_files(name: str) -> None:
    """Name, value and type of every field are equal."""
    assert json.loads(encode(MESSAGES[name])) == golden(name)


def test_every_golden_file_is_tested() -> None:
    """Every message has a file."""
    assert {path.name for path in HERE.glob("*.json")} == {f"{name}.v1.json" for name in MESSAGES}


@pytest.mark.parametrize("name", [name for name in MESSAGES if "-job" in name])
def test_golden_jobs_are_read(name: str) -> None:
    """Unknown fields of a later release are ignored, in the payload too."""
    message = golden(name)
    message["payload"]["new"] = message["new"] = {"deep": [1]}
    wanted = MESSAGES[name]
    assert isinstance(wanted, Job)
    request = KINDS[wanted.kind].request_type
    job, payload = decode_job(json.dumps(message).encode(), request)
    assert payload == msgspec.json.decode(wanted.payload, type=request)
    assert msgspec.structs.replace(job, payload=wanted.payload) == wanted


@pytest.mark.parametrize("name", [name for name in MESSAGES if "-job" not in name])
def test_golden_outcomes_are_read(name: str) -> None:
    """Unknown fields of a later release are ignored."""
    message = golden(name)
    message["new"] = message["outcome"]["new"] = None
    found = decode_job_outcome(json.dumps(message).encode())
    wanted = MESSAGES[name]
    assert isinstance(wanted, JobOutcome)
    if isinstance(found.outcome, Done) and isinstance(wanted.outcome, Done):
        result = KINDS[found.kind].result_type
        assert decode_payload(found.outcome.result, result) == decode_payload(
            wanted.outcome.result, result
        )
        found = msgspec.structs.replace(found, outcome=wanted.outcome)
    assert found == wanted


#: The fields of a preview in the first release with a scraper of its own.
OLD_FIELDS = ("title", "description", "image", "site_name", "author", "published_at", "language",
              "type", "icon", "canonical", "image_width", "image_height", "keep")  # fmt: skip


def test_an_older_api_reads_a_preview_with_fields_that_it_does_not_know() -> None:
    """A newer scraper may run first during a rolling upgrade."""
    older = msgspec.defstruct("Older", [(name, Any, None) for name in OLD_FIELDS])
    result = json.dumps(golden("scrape-done-telling")["outcome"]["result"]).encode()
    found = decode_payload(msgspec.Raw(result), older)
    assert msgspec.structs.asdict(found) == {name: getattr(FULL, name) for name in OLD_FIELDS}
    later = json.dumps({**json.loads(result), "mood": ["new"]}).encode()
    assert decode_payload(msgspec.Raw(later), ScrapeResult) == TELLING


def test_a_preview_of_an_older_scraper_lacks_the_newer_fields() -> None:
    """Each of them is null, also the ones that are numbers or truth values."""
    result = json.dumps(golden("scrape-done-full")["outcome"]["result"]).encode()
    found = msgspec.structs.asdict(decode_payload(msgspec.Raw(result), ScrapeResult))
    assert {value for name, value in found.items() if name not in OLD_FIELDS} == {None}


def test_optional_fields_may_be_missing() -> None:
    """The optional fields are the task and the trace."""
    message = golden("scrape-job")
    del message["task"], message["traceparent"]
    job, _ = decode_job(json.dumps(message), ScrapeRequest)
    assert (job.task, job.traceparent) == (None, None)


@pytest.mark.parametrize("version", [0, 2, -1, 10**9])
def test_an_unknown_version_has_its_own_error(version: int) -> None:
    """This holds even if the rest is unreadable."""
    with pytest.raises(UnknownVersion, match=str(version)):
        decode_job(encode({"version": version, "all": "new"}), RenderRequest)
    with pytest.raises(UnknownVersion):
        decode_job_outcome(encode({"version": version}))


def broken(**changes: object) -> bytes:
    """A render job with some fields changed."""
    return json.dumps({**golden("render-job"), **changes}).encode()


BROKEN = {
    "empty": b"",
    "no json": b"text",
    "no object": b"[1]",
    "null": b"null",
    "no version": b"{}",
    "version of another type": broken(version="1"),
    "endless version": broken(version="X").replace(b'"X"', b"9" * 5000),
    "cut off": broken()[:-2],
    "more behind it": broken() + b"{}",
    "no UTF-8": broken().replace(b"019a-task", b"\xff\xfe"),
    "UTF-8 of a surrogate": broken().replace(b"019a-task", b"\xed\xa0\x80"),
    "half a surrogate pair": broken(payload={"text": "X"}).replace(b"X", rb"\ud800"),
    "wrong half of a pair": broken(payload={"text": "X"}).replace(b"X", rb"\udc00 \ud800"),
    "deep nesting": broken(extra="X").replace(b'"X"', b"[" * 100_000 + b"]" * 100_000),
    "deep nesting, cut off": b"[" * 100_000,
    "deep payload": broken(payload="X").replace(b'"X"', b'{"a":' * 50_000 + b"1" + b"}" * 50_000),
    "another kind": broken(kind="paint"),
    "attempt of another type": broken(attempt="1"),
    "payload of another type": broken(payload=[]),
    "breaks of another type": broken(payload={"text": "x", "breaks": "yes"}),
    "a salt that is no part of an id": broken(payload={"text": "x", "salt": '"><b>'}),
    "text of another type": broken(payload={"text": 1}),
    "no payload": json.dumps({"version": 1, "id": "x", "kind": "render"}).encode(),
    "a number that is none": broken(published_at="X").replace(b'"X"', b"NaN"),
    "a number out of range": broken(published_at="X").replace(b'"X"', b"1e999"),
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_every_malformed_body_is_a_broken_message(body: bytes) -> None:
    """The dead letter has the error's message."""
    with pytest.raises(BrokenMessage) as raised:
        decode_job(body, RenderRequest)
    assert str(raised.value)
    assert not isinstance(raised.value, UnknownVersion)
    with pytest.raises(BrokenMessage):
        decode_job_outcome(body)


@given(st.binary(max_size=200))
def test_random_bytes_are_a_broken_message(body: bytes) -> None:
    """There is no other exception."""
    with pytest.raises(BrokenMessage):
        decode_job(body, RenderRequest)


@pytest.mark.parametrize("slots", [0, -1, 10_001, 1.5, "8"])
def test_the_slots_of_a_worker_are_bounded(slots: object) -> None:
    """The API computes from them how many jobs it publishes."""
    with pytest.raises(BrokenMessage):
        decode_job_outcome(json.dumps({**golden("render-done"), "slots": slots}).encode())


def test_too_many_links_and_too_long_urls_are_refused() -> None:
    """A renderer cannot exceed the limits of previews."""
    for links in (["https://a.example"] * (MAX_LINKS + 1), ["h" * (MAX_URL + 1)]):
        with pytest.raises(BrokenMessage):
            decode_payload(raw(RenderResult("", links)), RenderResult)
    with pytest.raises(BrokenMessage):
        decode_payload(raw({"url": "h" * (MAX_URL + 1)}), ScrapeRequest)
