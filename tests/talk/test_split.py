"""Each system keeps its books: what is accepted is done, once, with the right result."""

import pytest

from benchmarks.talk.split import systems
from benchmarks.talk.split.verdict import SPLITFLAP

from .conftest import QuickRows, missing

#: Six systems and three servers start, one after the other.
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("system", systems.NAMES)
def test_each_accepted_post_is_done_and_right(quick_rows: QuickRows, system: str) -> None:
    """Nobody was killed, so nothing is refused, lost or done twice."""
    rows = quick_rows("split").where(system=system)
    for each in rows:
        if each.note and not each.figures:
            missing(each.note)
    own = [each for each in rows if each.labels["load"] != "kills"]
    assert sum(each.total("accepted") for each in own) > 0
    for figure in ("refused", "unanswered", "unfinished", "twice", "wrong"):
        assert sum(each.total(figure) for each in own) == 0, figure


@pytest.mark.parametrize(
    ("system", "killed"),
    [("Celery", "worker"), ("Celery, two queues", "links worker"), ("taskiq", "worker")],
)
def test_rabbitmq_gives_the_jobs_of_a_killed_worker_to_another(
    quick_rows: QuickRows, system: str, killed: str
) -> None:
    """The worker acknowledges a job after its result is saved."""
    kills = quick_rows("split").where(system=system, load="kills")
    if not kills:
        missing(f"{system} is not installed")
    case = kills.one(killed=killed)
    assert case.total("accepted") > 0
    for figure in ("unfinished", "wrong"):
        assert case.total(figure) == 0, figure
    assert case.total("again") > 0, "the kill interrupted no job"


def test_a_killed_server_leaves_requests_without_an_answer(quick_rows: QuickRows) -> None:
    """With all work in the request, the client has to send the post again."""
    case = quick_rows("split").one(system="Flask alone", load="kills", killed="web")
    assert case.total("unanswered") > 0
    assert case.total("unfinished") == 0


@pytest.mark.parametrize(
    "killed",
    ["web", "renderer", "scraper", "children of the renderer", "broker", "database"],
)
def test_splitflap_loses_no_post_with_a_killed_process(quick_rows: QuickRows, killed: str) -> None:
    """Each accepted post is done, with one event, and right."""
    case = quick_rows("split").one(system=SPLITFLAP, load="kills", killed=killed)
    assert case.total("accepted") > 0
    for figure in ("unfinished", "twice", "wrong"):
        assert case.total(figure) == 0, figure
