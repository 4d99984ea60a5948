"""Runs experiments with their quick sizes."""

import os
from collections.abc import Callable

import pytest

from benchmarks.talk.__main__ import measured
from benchmarks.talk.experiment import Case, Label, Rows
from benchmarks.talk.experiments import load

QuickRows = Callable[[str], Rows]


@pytest.fixture(scope="module")
def quick_rows() -> QuickRows:
    """`quick_rows("threads")`: the rows of one quick run, kept for the module's tests.

    If a package is missing, the test is skipped; in CI it fails.
    """
    kept: dict[str, Rows] = {}

    def rows(name: str) -> Rows:
        if name not in kept:
            kept[name] = _run(name)
        return kept[name]

    return rows


def _run(name: str) -> Rows:
    try:
        result = measured(load(name), quick=True)
    except ModuleNotFoundError as error:
        missing(str(error))
    if result.reason.startswith("TALK_"):
        pytest.skip(result.reason)
    if result.reason:
        missing(result.reason)
    for row in result.rows:
        # A note that begins with a variable is about an option that the run was not given.
        optional = row.note.startswith("TALK_")
        if row.note and not row.figures and not optional and os.environ.get("CI"):
            missing(f"{dict(row.labels)}: {row.note}")
    return result.rows


def one(rows: Rows, **labels: Label) -> Case:
    """The only row with these labels. If its server is missing here, the test is skipped."""
    case = rows.one(**labels)
    if case.note and not case.figures:
        missing(case.note)
    return case


def missing(reason: str) -> None:
    """Skip the test, or fail it in CI."""
    if os.environ.get("CI"):
        pytest.fail(f"CI must have every server: {reason}")
    pytest.skip(reason)
