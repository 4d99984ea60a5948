"""Routes of new jobs, by what the database knows."""

from collections import Counter

from splitflap_api.domain.fair.kind_state import KindState
from splitflap_api.domain.fair.routes import CROWD, MANY_UNKNOWN, Route, Router
from splitflap_api.domain.fair.shares import MANY_OVERDUE, JobOwner, Share, ShareKey

NOW = 1_000_000
QUIET, NOISY = JobOwner("quiet"), JobOwner("noisy")


def share(mean: float = 5.0, used: float = 0.0, overdue: float = 0.0, jobs: float = 1e6) -> Share:
    """A share that was written now."""
    return Share(0.0, mean, used, jobs, overdue, NOW if overdue else None, NOW)


def key(owner: JobOwner) -> ShareKey:
    """The key of an owner's share of renders."""
    return ShareKey("render", *owner)


def router(**known: object) -> Router:
    """A router with this state and two slots."""
    found = Router()
    state = KindState("render", 2, 5.0, **{"express": True, "active": 2, **known})  # type: ignore[arg-type]
    found.update({"render": state}, NOW)
    return found


def flooded(**known: object) -> Router:
    """A router that has seen a full window, and held jobs of a noisy account."""
    shares = {key(NOISY): share(used=20_000.0)}
    return router(**{"held": True, "work": 4_010.0, "shares": shares, **known})


def test_while_nothing_is_held_every_job_goes_direct() -> None:
    """This is also so for a low job, and for an account with much use."""
    idle = router(shares={key(NOISY): share(used=20_000.0)})
    assert idle.route("render", NOISY) is Route.DIRECT
    assert idle.route("render", JobOwner("import", low=True)) is Route.DIRECT
    assert not idle.is_holding()


def test_a_job_beyond_the_window_is_held() -> None:
    """The process counts what it has sent since the last state."""
    idle = router()
    routes = [idle.route("render", NOISY) for _ in range(2_000)]
    assert routes[0] is Route.DIRECT
    assert routes[-1] is Route.HELD
    assert idle.is_holding("render")
    assert not idle.is_holding("scrape")


def test_beside_a_flood_a_quiet_account_goes_express() -> None:
    """The noisy one waits for its turn."""
    assert flooded().route("render", QUIET) is Route.EXPRESS
    assert flooded().route("render", NOISY) is Route.HELD


def test_an_account_that_becomes_noisy_is_held() -> None:
    """Its jobs since the last state count."""
    beside = flooded()
    routes = [beside.route("render", QUIET) for _ in range(1_500)]
    assert routes[0] is Route.EXPRESS
    assert routes[-1] is Route.HELD


def test_a_crowd_of_others_is_passed_before_the_window_is_full() -> None:
    """Its outcomes come in batches, and an express outcome waits for none of them."""
    crowd = router(jobs=Counter({key(NOISY): CROWD}))
    assert crowd.route("render", QUIET) is Route.EXPRESS
    assert crowd.route("render", NOISY) is Route.DIRECT
    few = router(jobs=Counter({key(NOISY): CROWD - 1}))
    assert few.route("render", QUIET) is Route.DIRECT


def test_a_crowd_of_another_kind_is_passed_too() -> None:
    """The outcomes of all kinds come to the same API."""
    crowd = router(jobs=Counter({key(NOISY): CROWD}))
    crowd.update({"scrape": KindState("scrape", 2, 5.0, express=True, active=2)}, NOW)
    assert crowd.route("scrape", QUIET) is Route.EXPRESS


def test_a_job_passes_a_crowd_only_while_its_account_has_few_jobs() -> None:
    """The jobs of one account, or of few accounts, pass none of each other."""
    crowd = router(jobs=Counter({key(NOISY): CROWD}))
    routes = [crowd.route("render", QUIET) for _ in range(CROWD)]
    assert routes.index(Route.DIRECT) == 6, "6 of 22 jobs are more than a quarter"
    assert routes[-1] is Route.DIRECT


def test_a_crowd_goes_direct_while_the_express_queue_is_full() -> None:
    """The window has room, so the job need not be held."""
    crowd = router(jobs=Counter({key(NOISY): CROWD}), express_work=600.0)
    assert crowd.route("render", QUIET) is Route.DIRECT


def test_a_full_express_queue_holds_jobs() -> None:
    """Otherwise many new accounts would wait there for each other."""
    full = flooded(express_work=600.0)
    assert full.route("render", QUIET) is Route.HELD


def test_without_workers_for_express_jobs_a_sparse_job_goes_direct() -> None:
    """Workers of an earlier release do not consume that queue."""
    assert flooded(express=False).route("render", QUIET) is Route.DIRECT


def test_the_only_job_of_an_account_is_sparse_among_many_accounts() -> None:
    """A fair share among them may be less than one job."""
    crowd = flooded(active=100_000)
    assert crowd.route("render", QUIET) is Route.EXPRESS
    assert crowd.route("render", QUIET) is Route.HELD


def test_low_jobs_use_half_of_the_window() -> None:
    """They are held as soon as anything is."""
    low = JobOwner("import", low=True)
    assert router(work=1_900.0).route("render", low) is Route.DIRECT
    assert router(work=2_100.0).route("render", low) is Route.HELD
    assert router(held_low=True).route("render", low) is Route.HELD
    assert flooded().route("render", low) is Route.HELD


def test_held_low_jobs_hold_no_normal_ones() -> None:
    """A normal job goes direct while the window has room."""
    assert router(held_low=True).route("render", QUIET) is Route.DIRECT


def test_overdue_texts_of_an_account_wait_for_each_other_alone() -> None:
    """The jobs of others go direct beside them."""
    overdue = router(shares={key(NOISY): share(overdue=MANY_OVERDUE)})
    assert overdue.route("render", NOISY) is Route.HELD
    assert overdue.route("render", QUIET) is Route.DIRECT
    assert overdue.is_holding()


def test_overdue_texts_of_normal_and_low_jobs_count_together() -> None:
    """Neither a normal job nor a low one goes direct."""
    low = JobOwner(NOISY.account, low=True)
    overdue = router(shares={key(NOISY): share(overdue=2.0), key(low): share(overdue=1.0)})
    assert overdue.route("render", NOISY) is Route.HELD
    assert overdue.route("render", low) is Route.HELD
    assert overdue.route("render", QUIET) is Route.DIRECT


def test_many_jobs_of_an_unknown_account_count_as_heavy() -> None:
    """Their time is not known yet."""
    idle = router()
    routes = [idle.route("render", NOISY) for _ in range(100)]
    assert routes[MANY_UNKNOWN] is Route.DIRECT
    assert routes[-1] is Route.HELD


def test_a_known_mean_stays_known_between_two_states() -> None:
    """A steady account may have no job at the moment of a state."""
    idle = router(shares={key(NOISY): share(mean=5.0)})
    idle.update({"render": KindState("render", 2, 5.0)}, NOW)
    assert {idle.route("render", NOISY) for _ in range(100)} == {Route.DIRECT}


def test_jobs_without_an_account_go_direct() -> None:
    """An admin replays dead letters."""
    assert flooded().route("scrape", JobOwner("")) is Route.DIRECT
    assert flooded().route("render", JobOwner("")) is Route.DIRECT


def test_without_a_publisher_no_job_is_held() -> None:
    """Replicas of an earlier release would not release it."""
    alone = flooded(releases=False)
    assert alone.route("render", NOISY) is Route.DIRECT
    assert Router().route("render", NOISY) is Route.DIRECT


def test_an_account_has_few_jobs_at_the_broker_until_its_rate_is_known() -> None:
    """Its next texts may take far longer than the last ones."""
    idle = router(shares={key(NOISY): share(mean=1.0, jobs=10.0)})
    routes = [idle.route("render", NOISY) for _ in range(100)]
    assert routes[30] is Route.DIRECT
    assert routes[-1] is Route.HELD


def test_a_long_job_takes_the_room_of_one_slot() -> None:
    """It occupies one, however long it takes."""
    state = KindState("scrape", 50, 500.0)
    state.add_jobs(key(NOISY), 7, 20_000.0)
    assert state.work == 7 * 2_500.0


def test_a_job_that_would_fill_the_express_queue_is_held() -> None:
    """Those of other accounts would wait behind it."""
    heavy = {key(QUIET): share(mean=1_900.0), key(NOISY): share(used=20_000.0)}
    assert flooded(shares=heavy).route("render", QUIET) is Route.HELD
