"""Held previews that several accounts wait for, on both databases."""

import pytest
from splitflap_api.domain.fair.shares import JobOwner
from splitflap_api.domain.previews import FetchPreview
from splitflap_api.store.schema import jobs
from sqlalchemy import update

from tests.unit.api.rig import Rig

from .floods import capacity, now_of, share

pytestmark = pytest.mark.servers


def test_an_account_joins_a_held_preview_of_another_one(rig: Rig) -> None:
    """It must not wait for the turn of a flood. The time is charged to it alone."""
    capacity(rig, "scrape", slots=1, mean=500.0)
    share(rig, "noisy", kind="scrape", mean=500, used=100_000)
    for number in range(20):
        rig.accept(FetchPreview(f"https://x.example/{number}"), "noisy")
    wanted = rig.rows("jobs", held=True)[-1]
    rig.accept(FetchPreview(wanted["subject"]), "quiet")
    assert rig.joined == {wanted["id"]: JobOwner("quiet")}
    (gone,) = rig.fair.join(rig.joined)
    assert (gone["id"], gone["account"], gone["express"]) == (wanted["id"], "quiet", True)
    assert rig.row("jobs", id=wanted["id"]) == gone


def test_a_normal_request_joins_a_low_preview(rig: Rig) -> None:
    """The job is no longer low, even if it must wait for a turn."""
    capacity(rig, "scrape", slots=1, mean=500.0)
    share(rig, "noisy", kind="scrape", mean=500, used=100_000)
    for number in range(20):
        rig.accept(FetchPreview(f"https://x.example/{number}"), "noisy")
    rig.accept(FetchPreview("https://low.example/", low=True), "import")
    rig.accept(FetchPreview("https://low.example/"), "noisy")
    assert rig.fair.join(rig.joined) == []
    job = rig.row("jobs", subject="https://low.example/")
    assert (job["account"], job["low"], job["held"]) == ("noisy", False, True)


def test_a_low_request_takes_over_no_job(rig: Rig) -> None:
    """The preview arrives in the turn of its owner."""
    capacity(rig, "scrape", slots=1, mean=500.0)
    for number in range(20):
        rig.accept(FetchPreview(f"https://x.example/{number}"), "noisy")
    wanted = rig.rows("jobs", held=True)[-1]
    assert rig.fair.join({wanted["id"]: JobOwner("import", low=True)}) == []
    assert rig.row("jobs", id=wanted["id"]) == wanted


def test_a_held_preview_belongs_to_the_owner_that_holds_fewer_jobs(rig: Rig) -> None:
    """A busy account must not wait for the whole backlog of another one."""
    capacity(rig, "scrape", slots=1, mean=500.0)
    share(rig, "noisy", kind="scrape", mean=500, used=100_000)
    share(rig, "busy", kind="scrape", mean=500, used=100_000)
    for number in range(20):
        rig.accept(FetchPreview(f"https://x.example/{number}"), "noisy")
    wanted = rig.rows("jobs", held=True)[-1]
    rig.accept(FetchPreview(wanted["subject"]), "busy")
    assert rig.fair.join(rig.joined) == []
    assert rig.row("jobs", id=wanted["id"])["account"] == "busy"
    rig.fair.join({wanted["id"]: JobOwner("noisy")})
    assert rig.row("jobs", id=wanted["id"])["account"] == "busy"


def test_a_joined_preview_begins_its_wait_anew(rig: Rig) -> None:
    """It is no old work of the account that joined it, and no unpublished work of an hour ago."""
    capacity(rig, "scrape", slots=1, mean=500.0)
    share(rig, "noisy", kind="scrape", mean=500, used=100_000)
    for number in range(20):
        rig.accept(FetchPreview(f"https://x.example/{number}"), "noisy")
    wanted = rig.rows("jobs", held=True)[-1]
    hour_ago = now_of(rig) - 3_600_000
    with rig.store.write() as tx:
        tx.execute(update(jobs).where(jobs.c.id == wanted["id"]).values(created_at=hour_ago))
    (gone,) = rig.fair.join({wanted["id"]: JobOwner("quiet")})
    assert now_of(rig) - gone["waiting_since"] < 60_000
    assert rig.row("jobs", id=wanted["id"]) == gone
