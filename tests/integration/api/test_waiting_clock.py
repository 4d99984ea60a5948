"""Jobs while the clock of the database is set back or forward."""

from splitflap_api.loops.outcomes import queue_depths

from tests.unit.api.rig import Rig, rendered

from .waiting import HOUR, Clock, posted, see_depths


def test_a_clock_set_back_by_two_hours_delays_no_job(rig: Rig, clock: Clock) -> None:
    """The due time would lie two hours in the future."""
    state = rig.post()
    rig.published.clear()
    clock.set(-2 * HOUR)
    assert [row["id"] for row in rig.published] == [rig.job(state)["id"]]
    rig.apply(rendered(rig.job(state)))
    assert rig.body(state)["state"] == "complete"


def test_a_clock_set_forward_by_two_hours_fails_no_job(rig: Rig, clock: Clock) -> None:
    """A job at the broker, and one on its way to it."""
    states = [posted(rig), rig.post()]
    clock.set(2 * HOUR)
    for state in states:
        assert rig.job(state)["attempt"] == 1
        rig.apply(rendered(rig.job(state)))
        assert rig.body(state)["state"] == "complete"


def test_a_clock_set_back_restarts_the_age_of_waiting_jobs(rig: Rig, clock: Clock) -> None:
    """A wait that begins in the future would have no age for two hours."""
    state = posted(rig)
    clock.set(-2 * HOUR)
    job = rig.job(state)
    assert job["first_dispatched_at"] <= clock.now()
    assert job["dispatched_at"] <= clock.now()
    assert job["due_at"] is None


def test_a_clock_set_back_ends_the_wait_for_previews(rig: Rig, clock: Clock) -> None:
    """The post shows them as pending, as after its usual wait."""
    state = rig.post()
    rig.apply(rendered(rig.job(state), ["http://slow/"]))
    assert rig.final(state) is None
    clock.set(-2 * HOUR)
    assert rig.task(state)["status"] == 201


def test_a_step_of_the_clock_voids_an_empty_queue(rig: Rig, clock: Clock) -> None:
    """Times from before and after the step cannot be compared."""
    posted(rig)
    clock.pass_time(1)
    see_depths(rig, render=0, results=0)
    clock.set(-2 * HOUR)
    clock.pass_time(queue_depths.STUCK_AFTER)
    assert rig.published == []
    assert "render" not in [sign.kind for sign in rig.signs.all()]
