"""The salt of a render job keeps the ids of two texts on one page apart."""

import re

import msgspec
from splitflap_api.domain.changes import Changes
from splitflap_api.domain.fair.routes import Router
from splitflap_api.domain.jobs.dead_letters import replay_job
from splitflap_api.domain.previews import RenderText
from splitflap_api.store.schema import jobs
from splitflap_core.outcomes import Failed
from sqlalchemy import select

from .rig import Rig, outcome_of


def salts(rig: Rig) -> list[str]:
    """The salts of all jobs, oldest first."""
    with rig.store.read() as tx:
        rows = tx.execute(select(jobs.c.payload).order_by(jobs.c.id)).all()
    return [msgspec.json.decode(row.payload)["salt"] for row in rows]


def test_posts_of_the_same_text_have_different_salts(rig: Rig) -> None:
    """The salt has eight hexadecimal digits."""
    for _ in range(50):
        rig.post("the same")
    found = salts(rig)
    assert len(set(found)) == 50
    assert all(re.fullmatch("[0-9a-f]{8}", salt) for salt in found)


def test_renders_of_the_same_text_have_different_salts(rig: Rig) -> None:
    """The task's id makes the salt."""
    for _ in range(2):
        rig.accept(RenderText("the same"))
    first, second = salts(rig)
    assert first != second


def test_a_post_keeps_its_salt_over_edits(rig: Rig) -> None:
    """So a link to one of its headings stays valid."""
    rig.post("first")
    (before,) = salts(rig)
    rig.edit(rig.row("posts")["id"], "second")
    assert salts(rig)[-1] == before


def test_a_replayed_dead_letter_keeps_its_salt(rig: Rig) -> None:
    """Its post makes the salt, also for the letter of a release without salts."""
    rig.post("text")
    (before,) = salts(rig)
    rig.apply(outcome_of(rig.row("jobs"), Failed("broken", "x")))
    letter = {**rig.row("dead_letters"), "body": '{"text":"text"}'}
    changes = Changes(0, Router())
    with rig.store.write() as tx:
        replay_job(tx, changes, letter)
    assert msgspec.json.decode(changes.jobs[0]["payload"])["salt"] == before
