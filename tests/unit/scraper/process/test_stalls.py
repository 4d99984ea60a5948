"""Jobs that fail while the process stalls."""

from splitflap_scraper.process.stalls import MAX_JOBS, Stalls


def test_a_job_is_excused_for_a_stall_once() -> None:
    """Its page may cause the stall, so the next failure is an attempt."""
    stalls = Stalls(lambda _moment: True)
    assert [stalls.excuse("a", 0.0) for _ in range(3)] == [True, False, False]
    assert stalls.excuse("b", 0.0)


def test_without_a_stall_no_job_is_excused() -> None:
    """A slow site is to blame for its failure."""
    stalls = Stalls(lambda moment: moment < 1.0)
    assert not stalls.excuse("a", 2.0)
    assert stalls.excuse("a", 0.0)


def test_the_excused_jobs_are_bounded() -> None:
    """The oldest one is forgotten."""
    stalls = Stalls(lambda _moment: True)
    for each in range(MAX_JOBS + 1):
        stalls.excuse(str(each), 0.0)
    assert stalls.excuse("0", 0.0)
    assert not stalls.excuse(str(MAX_JOBS), 0.0)
