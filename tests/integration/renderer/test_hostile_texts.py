"""The pool with real processes and every hostile text."""

import time

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_core.outcomes import Done, Failed, RetryLater
from splitflap_renderer.process.dispatcher import RETRY_AFTER

from tests.unit.renderer.hostile import HOSTILE

from .conftest import MakeRig

#: Seconds until a normal text is done after a hostile one, on a busy machine. On a quiet machine it
#: takes a tenth of a second: `python -m benchmarks.renderer.hostile` measures that.
NEXT_TEXT_TIMEOUT = 10.0

#: Short, so that the texts that use it up do not make the test long.
DEADLINE = 0.15


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_the_pool_goes_on_after_each_hostile_text(flavour: Flavour, make_rig: MakeRig) -> None:
    """Each text is done, or fails with a reason and a detail; the next text is rendered."""
    assert len(HOSTILE) >= 60
    rig = make_rig(render_deadline=DEADLINE, texts_per_batch=1)
    rig.warm_up()
    for name, text in HOSTILE.items():
        rig.submit(name, text, flavour)
        outcome = rig.outcome(name)
        begin = time.monotonic()
        rig.submit(f"after {name}", "*hi*", flavour)
        html = rig.html(f"after {name}")
        assert html.strip() == '<p dir="auto"><em>hi</em></p>', name
        assert time.monotonic() - begin < NEXT_TEXT_TIMEOUT, name
        # A busy machine may give a process too little CPU; its text is then retried.
        if not isinstance(outcome, Done) and outcome != RetryLater(RETRY_AFTER, "deadline"):
            assert isinstance(outcome, Failed), (name, outcome)
            assert outcome.reason in {"refused", "deadline", "broken"}, name
            assert outcome.detail, name
    assert rig.replaced("crashed") == 0


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_refused_text_reaches_no_parser(flavour: Flavour, make_rig: MakeRig) -> None:
    """It fails with the reason `refused`, and the detail says what and where."""
    rig = make_rig()
    rig.submit("deep", "|a" * 101 + "\n" + "|-" * 101, flavour)
    outcome = rig.outcome("deep")
    assert isinstance(outcome, Failed)
    assert outcome.reason == "refused"
    assert outcome.detail == "line 2, column 1: a table of more than 100 columns"
