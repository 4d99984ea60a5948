"""The verdict of `split`, whatever the rows say: ahead, behind, overloaded, missing, wrong."""

from collections.abc import Mapping

from benchmarks.talk.experiment import Case, Row, Rows, cases, missing_row
from benchmarks.talk.servers import Missing
from benchmarks.talk.split.verdict import IN_REQUEST, SPLITFLAP, verdict

CELERY = "Celery"


def rows_of(system: str, finished: float, flood: float, p99: float = 20.0) -> list[Row]:
    """The rows of one system. `flood`: its p99 beside a flood; alone it is 10 ms."""
    latencies = {"p99": p99, "plain_p99": p99, "linked_p99": p99, "ping_p99": p99}
    cpu = {"cpu": 6.0, "cpu_web": 1.0, "cpu_workers": 5.0, "render": 2.0}
    if system == IN_REQUEST:
        del cpu["cpu_workers"]
    right = {"accepted": 20.0, "refused": 0.0, "unfinished": 0.0, "twice": 0.0, "wrong": 0.0}
    share = 100 * 40 / finished
    return [
        Row({"system": system, "load": "burst"}, {"finished": finished, **cpu, **right}),
        Row(
            {"system": system, "load": "equal"},
            {"offered": 40.0, "share": share, **latencies, **right},
        ),
        Row({"system": system, "load": "kills", "killed": "broker"}, right),
        Row({"system": system, "load": "flood", "beside": "alone"}, {"p99": 10.0, **right}),
        Row({"system": system, "load": "flood", "beside": "flood"}, {"p99": flood, **right}),
    ]


def judged(*rows: list[Row]) -> tuple[str, str]:
    """Still true? By how much?"""
    found = verdict(cases([[row for each in rows for row in each]]))
    return found.still_true, found.by_how_much


def changed(rows: list[Row], figures: Mapping[str, float], **labels: str) -> list[Row]:
    """The rows with some figures of one row changed."""
    return [
        Row(each.labels, {**each.figures, **figures})
        if Case(each.labels, {}).has(**labels)
        else each
        for each in rows
    ]


def test_splitflap_ahead() -> None:
    """It finishes more, nobody is quicker, and only the unsplit application starves."""
    true, much = judged(rows_of(IN_REQUEST, 80, 5000), rows_of(SPLITFLAP, 100, 12, p99=15))
    assert true.startswith("Yes: beside a flood")
    assert "starves the posts without links in Flask alone (500 times)" in true
    assert "It does not in Splitflap (1.2 times)." in true
    assert "Splitflap finishes the most posts a second, 100. The next is Flask alone" in much
    assert much.count("No other is quicker.") == 3
    assert "Beside the flood, no other is quicker for posts without links." in much
    assert "behind" not in much
    assert "each system finishes every accepted post. None is done twice." in much


def test_splitflap_behind() -> None:
    """The verdict says so, by how much, and where the CPU goes beside another queue system."""
    ours = changed(rows_of(SPLITFLAP, 80, 12, p99=30), {"cpu": 12.0, "cpu_web": 7.0}, load="burst")
    _, much = judged(rows_of(IN_REQUEST, 160, 5000), rows_of(CELERY, 120, 5000), ours)
    assert "Splitflap is behind: it finishes 80 posts a second." in much
    ahead = "Ahead: Flask alone (160, 2 times as many); Celery (120, 1.5 times as many)."
    assert ahead in much.replace(" and Celery (120", "; Celery (120")
    assert "cost Splitflap 12 s of CPU (web 7, workers 5)" in much
    assert "Celery 6 s of CPU (web 1, workers 5)" in much
    assert "The largest part of the difference, 6 s, is in its web." in much
    assert "p99 of posts without links is 30 ms. Quicker: Flask alone (20 ms) and Celery" in much


def test_splitting_no_longer_helps() -> None:
    """A p99 with posts that are not done is only a lower bound, and no success."""
    true, much = judged(rows_of(IN_REQUEST, 80, 11), rows_of(SPLITFLAP, 100, 12))
    assert true.startswith("No: ")
    assert "Quicker beside the flood than Splitflap's 12 ms: Flask alone (11 ms)." in much
    assert "In no system did the flood starve" in true
    stuck = changed(rows_of(SPLITFLAP, 100, 12), {"unfinished": 3.0}, beside="flood")
    true, _ = judged(rows_of(IN_REQUEST, 80, 5000), stuck)
    assert true.startswith("No: ")
    assert "at least 12 ms in Splitflap" in true


def test_an_overloaded_system_is_named_and_not_compared() -> None:
    """Its latencies only say that it is overloaded."""
    slow = rows_of("RQ", 20, 5000, p99=1)
    _, much = judged(slow, rows_of(SPLITFLAP, 100, 12))
    assert "This rate overloads RQ (200 % of its peak)" in much
    assert "Quicker" not in much


def test_wrong_answers_and_unfinished_posts_are_told() -> None:
    """Never averaged away."""
    rows = changed(rows_of(CELERY, 80, 5000), {"wrong": 2.0}, load="equal")
    rows = changed(rows, {"unfinished": 5.0, "twice": 1.0, "refused": 4.0}, load="kills")
    _, much = judged(rows, rows_of(SPLITFLAP, 100, 12))
    assert "Without any kill, this was not right: Celery, equal: 2 wrong." in much
    assert "accepted posts are not done at the end in Celery (5 of 20 with the broker)." in much
    assert "Done twice, and saved once: Celery (1)." in much
    assert "Requests that were not accepted meanwhile: Celery with its broker (4)." in much


def test_missing_systems() -> None:
    """Each is named with the reason; the others are compared."""
    gone = [missing_row(Missing("redis-server is not installed"), system="RQ", load="burst")]
    true, much = judged(gone, rows_of(IN_REQUEST, 80, 5000), rows_of(SPLITFLAP, 100, 12))
    assert true.startswith("Yes: ")
    assert "Not measured: RQ (redis-server is not installed)." in much
    true, much = judged(rows_of(IN_REQUEST, 80, 5000))
    assert true.startswith("Not measured: it needs both")
    assert "Splitflap has nothing to be compared with here." in much
    assert verdict(Rows([])).what_to_do


def test_a_bound_is_told_as_one() -> None:
    """Posts that are not finished starve, however short the run was."""
    rows = rows_of(CELERY, 90, 20)
    rows = changed(rows, {"unfinished": 3.0}, load="flood", beside="flood")
    true, _ = judged(rows_of(IN_REQUEST, 80, 5000), rows, rows_of(SPLITFLAP, 100, 12))
    assert "Flask alone (500 times) and Celery (at least 2 times)" in true
