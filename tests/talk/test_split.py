"""Five systems keep their books: what is accepted is done, once, with the right result."""

import pytest

from benchmarks.talk.experiments.split import SPLITFLAP
from benchmarks.talk.split import systems

from .conftest import QuickRows

#: Five systems and three servers start, one after the other.
pytestmark = pytest.mark.timeout(300)


@pytest.mark.parametrize("system", systems.NAMES)
def test_each_accepted_post_is_done_and_right(quick_rows: QuickRows, system: str) -> None:
    """Nobody was killed, so nothing is refused, lost or done twice."""
    rows = quick_rows("split")
    own = [each for each in rows.where(system=system) if each.labels["load"] != "kills"]
    assert sum(each.total("accepted") for each in own) > 0
    for figure in ("refused", "unanswered", "lost", "unfinished", "twice", "wrong"):
        assert sum(each.total(figure) for each in own) == 0, figure


@pytest.mark.parametrize(
    "killed",
    ["web", "renderer", "scraper", "children of the renderer", "broker", "database"],
)
def test_splitflap_loses_no_post_with_a_killed_process(quick_rows: QuickRows, killed: str) -> None:
    """Each accepted post is done, with one event, and right."""
    case = quick_rows("split").one(system=SPLITFLAP, load="kills", killed=killed)
    assert case.total("accepted") > 0
    for figure in ("lost", "twice", "wrong"):
        assert case.total(figure) == 0, figure
