"""The entry check of outcomes: nothing that a worker sends breaks the API or a list."""

import re
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from splitflap_api.contract.models import KeyInput
from splitflap_api.domain.jobs.outcome_checks import OutcomeReader
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.http.services import Services
from splitflap_api.loops.outcomes.results import Results
from splitflap_api.store import schema
from splitflap_api.store.engine import Store
from splitflap_api.transactions.ingest import MAX_BATCH
from splitflap_core.contracts import (
    MAX_MESSAGE,
    URL_FIELDS,
    BrokenMessage,
    RenderResult,
    ScrapeResult,
)
from splitflap_core.outcomes import Done
from splitflap_core.urls.addresses import PUBLIC_ONLY, AddressRules
from sqlalchemy import insert

from tests.support.peer import embedded_broker

from .hostile_outcomes import ENVELOPES, OTHERS, RENDERS, SCRAPES, done, message, raw
from .rig import Rig, by

RENDER = {"id": "0192f0c8-0000-7000-8000-000000000001", "kind": "render", "attempt": 1}
SCRAPE = {**RENDER, "kind": "scrape"}

READER = OutcomeReader(PUBLIC_ONLY)


def refusal(body: bytes) -> str:
    """The reason of a refused message."""
    with pytest.raises(BrokenMessage) as refused:
        READER.read(body)
    return str(refused.value)


def result_of(body: bytes, kind: type[Any], rules: AddressRules = PUBLIC_ONLY) -> Any:
    """The checked result of a message."""
    outcome = OutcomeReader(rules).read(body).outcome
    assert isinstance(outcome, Done)
    return msgspec.json.decode(outcome.result, type=kind)


@pytest.mark.parametrize("name", RENDERS)
def test_a_hostile_render_is_refused_with_its_reason(name: str) -> None:
    """The rest of the message is valid."""
    result, reason = RENDERS[name]
    assert re.search(reason, refusal(message(RENDER, done({"links": []} | result))))


@pytest.mark.parametrize("name", SCRAPES)
def test_a_hostile_scrape_is_refused_with_its_reason(name: str) -> None:
    """The rest of the message is valid."""
    result, reason = SCRAPES[name]
    assert re.search(reason, refusal(message(SCRAPE, done(result))))


@pytest.mark.parametrize("name", OTHERS)
@pytest.mark.parametrize("job", [RENDER, SCRAPE], ids=["render", "scrape"])
def test_a_hostile_failure_is_refused_with_its_reason(job: dict[str, Any], name: str) -> None:
    """Reasons are words, and times have bounds."""
    outcome, reason = OTHERS[name]
    assert re.search(reason, refusal(message(job, outcome)))


@pytest.mark.parametrize("name", [name for name in ENVELOPES if name != "later attempt"])
def test_a_hostile_envelope_is_refused_with_its_reason(name: str) -> None:
    """Its result is valid. The attempt is compared with the job's row."""
    changes, reason = ENVELOPES[name]
    body = message(RENDER, done({"html": "", "links": []}), **changes)
    assert re.search(reason, refusal(body))


@pytest.mark.parametrize("name", raw(RENDER))
def test_a_malformed_message_is_refused_with_its_reason(name: str) -> None:
    """15 MB are refused by their size, unread."""
    body, reason = raw(RENDER)[name]
    assert re.search(reason, refusal(body))


def test_a_link_gets_its_canonical_form_once() -> None:
    """All spellings share one preview."""
    links = [
        "http://134744072/a",
        "http://0x8.8.2056/a",
        "HTTP://8.8.8.8:80/a",
        "https://A.example",
    ]
    found = result_of(message(RENDER, done({"html": "", "links": links})), RenderResult)
    assert found.links == ["http://8.8.8.8/a", "https://a.example"]


def test_an_image_gets_its_canonical_form() -> None:
    """A card shows the host that a browser opens."""
    body = message(SCRAPE, done({"image": "http://0x8.8.8.8/i.png"}))
    assert result_of(body, ScrapeResult).image == "http://8.8.8.8/i.png"


def test_an_image_may_be_in_a_network_that_the_operator_allows() -> None:
    """The API and the scraper have the same settings."""
    body = message(SCRAPE, done({"image": "http://10.1.2.3/i.png"}))
    rules = AddressRules((ip_network("10.0.0.0/8"),))
    assert result_of(body, ScrapeResult, rules).image == "http://10.1.2.3/i.png"
    assert "private" in refusal(body)


@pytest.mark.parametrize(
    "url",
    [
        "https://router.local/",
        "https://wiki/",
        "https://nas.home.arpa/",
        "https://10.0.0.1.nip.io/",
        "https://a.example:22/",
    ],
)
@pytest.mark.parametrize("name", URL_FIELDS)
def test_a_url_that_an_earlier_scraper_sends_is_left_out(name: str, url: str) -> None:
    """During an upgrade. Its worker is not broken into, and the rest of the preview is good."""
    found = result_of(message(SCRAPE, done({"title": "a", name: url})), ScrapeResult)
    assert (found.title, getattr(found, name)) == ("a", None)


def test_a_url_with_credentials_is_refused() -> None:
    """No release sends it."""
    for url in ("http://user@a.example/", "http://:secret@a.example/"):
        assert "password" in refusal(message(SCRAPE, done({"icon": url})))


def test_an_escaped_backslash_before_u0000_is_no_zero() -> None:
    """An author may write a backslash and `u0000` in a text."""
    html = "<p>\\u0000 and \\\\u0000</p>"
    assert result_of(message(RENDER, done({"html": html, "links": []})), RenderResult).html == html


# -- behind the entry check ------------------------------------------------------------------------


class Entry:
    """The consumer of outcomes without a broker, and the lists that clients read."""

    def __init__(self, rig: Rig, services: Services, app: Flask, folder: Path) -> None:
        self.rig = rig
        backend = embedded_broker(folder / "broker")
        self._results = Results(
            rig.store, rig.ingest, READER, backend, rig.metrics, "t", rig, rig.signs
        )
        key = services.keyring.create(KeyInput("me", ["read", "write", "admin"])).key
        self._client = app.test_client()
        self._headers = {"Authorization": f"Bearer {key}"}

    def take(self, *bodies: bytes) -> None:
        """Take messages as from the broker. Each must be settled."""
        deliveries = [Delivered(body) for body in bodies]
        self._results.normal.small._take(deliveries)  # type: ignore[arg-type]  # as much as it needs
        assert all(each.acked for each in deliveries)

    def batch(self, of: str, deliveries: "list[Delivered]") -> list[Any]:
        """The first of these deliveries that one transaction takes: `of` small or large ones."""
        batch: list[Any] = getattr(self._results.normal, of)._next_batch(deliveries)
        return batch

    def get(self, path: str) -> Any:
        """The answer to a request. It is never a 5xx."""
        answer = self._client.get(f"/v1{path}", headers=self._headers)
        assert answer.status_code < 500, answer.data
        return answer.json

    def read_all(self) -> None:
        """Read all lists, tasks and events."""
        for path in ("/posts", "/dead", "/status", "/keys"):
            self.get(path)
        for row in self.rig.rows("tasks"):
            self.get(f"/tasks/{row['id']}")
        for row in self.rig.rows("posts"):
            self.get(f"/posts/{row['id']}")
        for row in self.rig.rows("dead_letters"):
            self.get(f"/dead/{row['id']}")
        self.rig.events()


class Delivered:
    """A delivery from the results queue."""

    def __init__(self, body: bytes) -> None:
        self.body = body
        self.received = SimpleNamespace(queue="results", headers={})
        self.acked = self.settled = False

    def ack(self) -> None:
        """Note the settlement."""
        self.acked = self.settled = True


@pytest.fixture
def entry(rig: Rig, services: Services, app: Flask, tmp_path: Path) -> Entry:
    """An entry with its lists."""
    return Entry(rig, services, app, tmp_path)


def test_a_refused_message_leaves_its_job_and_its_neighbours(entry: Entry) -> None:
    """The job is tried again, as its next attempt. The other outcomes of the batch are applied."""
    rig = entry.rig
    bad, good = rig.job(rig.post("bad")), rig.job(rig.post("good"))
    hostile = [message(bad, done({"links": []} | result)) for result, _ in RENDERS.values()]
    entry.take(*hostile, message(good, done({"html": "<p>a</p>", "links": []})))
    assert [row["id"] for row in rig.rows("jobs")] == [bad["id"]]
    assert rig.job(rig.acceptor.get(by(), bad["task_id"]))["attempt"] == 2
    letters = rig.rows("dead_letters")
    assert len(letters) == len(hostile)
    assert all(row["queue"] == "results" and row["reason"] for row in letters)
    entry.take(message(bad, done({"html": "<p>b</p>", "links": []})))
    assert {row["html"] for row in rig.rows("posts")} == {"<p>a</p>", "<p>b</p>"}
    entry.read_all()


@pytest.mark.parametrize("kind", ["render", "scrape"])
def test_an_outcome_of_another_kind_ends_no_job(entry: Entry, kind: str) -> None:
    """A renderer cannot answer for a scraper."""
    rig = entry.rig
    rig.post() if kind == "render" else rig.accept(FetchPreview("http://a.example/"))
    job = rig.row("jobs")
    other = "scrape" if kind == "render" else "render"
    result = {"title": "a"} if other == "scrape" else {"html": "", "links": []}
    entry.take(message(job, done(result), kind=other))
    entry.take(message(job, {"outcome": "failed", "reason": "a"}, kind=other))
    assert rig.row("jobs") == job
    assert {row["reason"].count(other) for row in rig.rows("dead_letters")} == {1}


def test_an_attempt_that_has_not_begun_ends_no_job(entry: Entry) -> None:
    """A RetryLater of attempt 999 would be the last one."""
    job = entry.rig.job(entry.rig.post())
    retry = {"outcome": "retry_later", "after": 1, "reason": "busy"}
    entry.take(message(job, retry, attempt=999))
    assert entry.rig.row("jobs") == job
    assert "attempt 999" in entry.rig.row("dead_letters")["reason"]


def test_of_a_message_that_is_too_large_the_dead_letter_has_the_beginning(entry: Entry) -> None:
    """Fifteen megabytes each would fill the disk."""
    job = entry.rig.job(entry.rig.post())
    entry.take(raw(job)["15 MB"][0])
    letter = entry.rig.row("dead_letters")
    assert len(letter["body"]) == 65_536
    entry.read_all()


#: Values for any field.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([2**31, 2**53, 2**63, 2**64, 10**30, -1, 9e15, 1e300, 1.5]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(
        [
            "",
            "\0",
            "javascript:alert(1)",
            "http://a.example/",
            "<script>",
            "http://0x7f.1/",
            "a" * 400,
        ]
    ),
    st.lists(st.text(max_size=5), max_size=3),
    st.dictionaries(st.text(max_size=5), st.integers(), max_size=3),
)
RENDER_RESULTS = st.fixed_dictionaries(
    {"html": st.sampled_from(["<p>a</p>", ""]) | VALUES},
    optional={"links": VALUES | st.lists(VALUES, max_size=3), "mentions": VALUES,
              "channels": VALUES | st.lists(VALUES, max_size=2), "excerpt": VALUES},
)  # fmt: skip
SCRAPE_RESULTS = st.dictionaries(
    st.sampled_from([*ScrapeResult.__struct_fields__, "other"]), VALUES, max_size=4
)
OUTCOMES = st.one_of(
    st.fixed_dictionaries({"outcome": st.just("done"), "result": RENDER_RESULTS}),
    st.fixed_dictionaries({"outcome": st.just("done"), "result": SCRAPE_RESULTS}),
    st.fixed_dictionaries(
        {"outcome": st.just("failed"), "reason": VALUES | st.just("refused")},
        optional={"detail": VALUES, "keep": VALUES},
    ),
    st.fixed_dictionaries(
        {"outcome": st.just("retry_later"), "after": VALUES, "reason": VALUES | st.just("busy")},
        optional={"progress": st.sampled_from(["waited", "untouched"]) | VALUES},
    ),
    st.just({"outcome": "begun"}),
    VALUES,
)
CHANGES = st.dictionaries(
    st.sampled_from(["job", "kind", "attempt", "took", "worker", "version", "task", "traceparent"]),
    VALUES | st.sampled_from(["render", "scrape"]),
    max_size=1,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.tuples(OUTCOMES, CHANGES), min_size=1, max_size=8), st.booleans())
def test_no_outcome_whatsoever_breaks_the_consumer_or_a_list(
    entry: Entry, sent: list[tuple[Any, dict[str, Any]]], is_post: bool
) -> None:
    """Each message is settled, nothing raises, and every list answers afterwards."""
    rig = entry.rig
    with rig.store.write() as tx:  # one round leaves nothing to the next one
        for table in reversed(schema.metadata.sorted_tables):
            if table.name not in {"keys", "counters"}:
                tx.execute(table.delete())
    rig.post() if is_post else rig.accept(FetchPreview("http://a.example/"))
    job = rig.row("jobs")
    bodies = [message(job, outcome, **changes) for outcome, changes in sent]
    entry.take(*bodies)
    rig.reconcile()
    entry.read_all()


# -- rows of earlier releases ----------------------------------------------------------------------


def test_damaged_rows_break_no_list(entry: Entry, store: Store) -> None:
    """An expiry of the year 285,200,673 made every list answer 500 for good."""
    rig = entry.rig
    state = rig.post()
    [scrape] = rig.rendered(rig.job(state), "http://a.example/")
    rig.scraped(scrape)
    rig.change(
        schema.previews,
        expires_at=9_000_000_000_000_000_000,
        fetched_at=-9_000_000_000_000_000_000,
        image="javascript:alert(1)",
        image_width=2**62,
    )
    rig.change(schema.posts, mentions="{", channels="[1]", updated_at=2**62)
    rig.change(schema.tasks, created_at=-(2**62))
    with store.write() as tx:
        letter = {"id": RENDER["id"], "queue": "results", "reason": "\ufffd", "body": b"\xff"}
        tx.execute(insert(schema.dead_letters), [{**letter, "created_at": 2**62}])
    entry.read_all()
    [post] = entry.get("/posts")["items"]
    preview = post["links"][0]["preview"]
    assert preview["expires_at"] == "9999-12-31T23:59:59.999Z"
    assert preview["fetched_at"] == "1970-01-01T00:00:00.000Z"
    assert preview["image"] is None
    assert post["mentions"] == post["channels"] == []


def test_an_expiry_beyond_the_longest_one_is_not_believed(rig: Rig) -> None:
    """The next request fetches the page again, and so mends the row."""
    rig.accept(FetchPreview("http://a.example/"))
    rig.scraped(rig.row("jobs"))
    rig.change(schema.previews, expires_at=9_000_000_000_000_000_000)
    [scrape] = rig.rendered(rig.job(rig.post()), "http://a.example/")
    rig.scraped(scrape)
    assert rig.row("previews")["expires_at"] < 10**13


def test_a_page_with_json_of_any_kind_is_settled(entry: Entry) -> None:
    """A message need not be an outcome at all."""
    for body in ("null", "1", '"a"', "[]", "{}", "[{}]", '{"version": 1}'):
        entry.take(body.encode())
    assert len(entry.rig.rows("dead_letters")) == 7


def test_a_batch_is_bounded_in_bytes_and_in_messages(entry: Entry) -> None:
    """One statement of 200 long texts would hold the process for seconds."""
    batch_of = partial(entry.batch, "large")
    long, half = Delivered(b"x" * MAX_MESSAGE), Delivered(b"x" * (MAX_MESSAGE // 4))
    short = Delivered(b"x")
    assert len(batch_of([half] * 5)) == 2
    assert len(batch_of([long] * 5)) == 1
    assert len(batch_of([short] * 300)) == MAX_BATCH
    assert len(batch_of([half, short, long])) == 2
    assert len(batch_of([Delivered(b"x" * 2 * MAX_MESSAGE + b"x")] * 2)) == 1
    assert len(entry.batch("small", [Delivered(b"x" * 1024)] * 200)) == 64
