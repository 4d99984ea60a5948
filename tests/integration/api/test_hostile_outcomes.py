"""Raw messages of a worker that was broken into, on both brokers and both databases.

Each becomes a dead letter with its reason, its job stays for its next attempt, and the next message
is applied.
"""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from splitflap_api.contract.models import PostQuery
from splitflap_api.domain.access.channels import ALL
from splitflap_api.domain.jobs import dead_letters
from splitflap_api.domain.posts import pages
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.store import schema
from splitflap_api.store.engine import is_outage
from splitflap_core import topology
from splitflap_core.broker import BrokerBackend, OutgoingMessage
from splitflap_core.contracts import MAX_MESSAGE
from sqlalchemy import insert
from sqlalchemy.exc import DBAPIError, OperationalError

from tests.support import wait_until
from tests.support.peer import embedded_broker, rabbitmq_broker
from tests.unit.api.hostile_outcomes import (
    ENVELOPES,
    OTHERS,
    RENDERS,
    SCRAPES,
    done,
    message,
    raw,
)
from tests.unit.api.rig import Rig

from .consumer import Consumer

_vhosts = itertools.count(1)


@pytest.fixture
def broker(
    request: pytest.FixtureRequest, database_url: str | None, tmp_path: Path
) -> BrokerBackend:
    """The broker of each mode: files beside SQLite, RabbitMQ beside PostgreSQL."""
    if database_url is None:
        return embedded_broker(tmp_path / "broker")
    server = request.getfixturevalue("rabbitmq_server")
    name = f"hostile-{next(_vhosts)}"
    server.add_vhost(name)
    return rabbitmq_broker(server.vhost_url(name))


@pytest.fixture
def consumer(rig: Rig, broker: BrokerBackend) -> Iterator[Consumer]:
    """A consumer, stopped with the test."""
    made = Consumer(rig, broker)
    yield made
    made.stop()


def publish(consumer: Consumer, *bodies: bytes) -> None:
    """Publish raw messages to the results."""
    consumer.worker.publish(*bodies, key="results", exchange="results")
    consumer.worker.wait(
        lambda: len(consumer.worker.sent) == len(consumer.worker.settled) >= len(bodies),
        "the confirms",
    )


def kept(body: bytes) -> bytes:
    """The part of a message that its dead letter has."""
    return body if len(body) <= MAX_MESSAGE else body[: dead_letters.MAX_KEPT]


def list_everything(rig: Rig) -> None:
    """Read what clients read."""
    pages.page(rig.store, PostQuery(limit=100), ALL, None, 2**20, rig.urls)


def test_each_hostile_render_is_a_dead_letter_and_its_job_is_tried_again(
    rig: Rig, consumer: Consumer
) -> None:
    """Results, failures, envelopes, and messages that are no JSON."""
    job, other = rig.job(rig.post("attacked")), rig.job(rig.post("innocent"))
    fine = {"html": "<p>a</p>", "links": []}
    hostile = [
        *((message(job, done({"links": []} | result)), why) for result, why in RENDERS.values()),
        *((message(job, outcome), why) for outcome, why in OTHERS.values()),
        *((message(job, done(fine), **changes), why) for changes, why in ENVELOPES.values()),
        *raw(job).values(),
    ]
    consumer.start()
    publish(consumer, *(body for body, _ in hostile), message(other, done(fine)))
    wait_until(lambda: len(rig.rows(schema.dead_letters)) == len(hostile), "the dead letters")
    wait_until(lambda: len(rig.rows(schema.jobs)) == 1, "the innocent job's end")
    wait_until(lambda: not consumer.unsettled, "the acks")
    assert (rig.row(schema.jobs)["id"], rig.row(schema.jobs)["attempt"]) == (job["id"], 2)
    letters = rig.rows(schema.dead_letters)
    assert {row["queue"] for row in letters} == {"results"}
    reasons = {row["body"]: row["reason"] for row in letters}
    for body, why in hostile:
        assert re.search(why, reasons[kept(body)])
    list_everything(rig)
    publish(consumer, message(job, done(fine)))
    wait_until(lambda: not rig.rows(schema.jobs), "the attacked job's end")
    assert {row["state"] for row in rig.rows(schema.posts)} == {"complete"}


def test_each_hostile_scrape_is_a_dead_letter_and_its_job_is_tried_again(
    rig: Rig, consumer: Consumer
) -> None:
    """A stored expiry of the year 285,200,673 made every list answer 500 for good."""
    rig.accept(FetchPreview("http://a.example/"))
    job = rig.row(schema.jobs)
    publish(consumer, *(message(job, done(result)) for result, _ in SCRAPES.values()))
    consumer.start()
    wait_until(lambda: len(rig.rows(schema.dead_letters)) == len(SCRAPES), "the dead letters")
    assert (rig.row(schema.jobs)["id"], rig.row(schema.jobs)["attempt"]) == (job["id"], 2)
    assert rig.row(schema.previews)["state"] == "pending"
    publish(consumer, message(job, done({"title": "a"})))
    wait_until(lambda: not rig.rows(schema.jobs), "the job's end")
    list_everything(rig)


def test_a_hostile_dead_letter_is_stored_and_counted_once(rig: Rig, consumer: Consumer) -> None:
    """Its headers are texts of the worker: they name no metric, and break no statement."""
    worker = consumer.worker
    headers = {"splitflap-queue": "a\0" * 50, "splitflap-reason": "b\0c" * 500}
    sent = [
        OutgoingMessage("dead", "render", b"\xff", lambda taken: worker.note_settled(b"", taken), h)
        for h in (headers, {}, {"splitflap-queue": 1, "splitflap-reason": [1]})
    ]
    for each in sent:
        worker.link.publish(each)
    consumer.start()
    wait_until(lambda: len(rig.rows(schema.dead_letters)) == 3, "the dead letters")
    letters = rig.rows(schema.dead_letters)
    assert {row["queue"] for row in letters} == {"unknown"}
    assert rig.metric("splitflap_dead_letters_total", queue="unknown") == 3
    known = {queue.name for queue in topology.QUEUES} | {"unknown"}
    families = rig.metrics.counter("splitflap_dead_letters_total").collect()
    assert {s.labels["queue"] for family in families for s in family.samples} <= known


def test_data_beyond_a_limit_of_postgresql_is_no_outage(rig: Rig) -> None:
    """Its index takes 2,704 bytes. psycopg counts the error as one of operation."""
    if rig.store.is_sqlite:
        pytest.skip("SQLite has no such limit")
    url = "http://a/" + "".join(chr(0x1F300 + number % 700) for number in range(5_000))
    with pytest.raises(DBAPIError) as refused, rig.store.write() as tx:
        tx.execute(insert(schema.previews), [{"url": url, "state": "pending"}])
    assert isinstance(refused.value, OperationalError)
    assert not is_outage(refused.value)
