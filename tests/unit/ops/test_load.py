"""The parts of `splitflap load`: its texts and its ledger."""

from collections import Counter

import pytest
from splitflap.load.ledger import Ledger
from splitflap.load.texts import BadMix, makers, order, page, parse_mix


def test_a_mix_is_spread_over_its_round() -> None:
    """A mix is spread over its round."""
    kinds = order(parse_mix("plain=6, heavy=2,links"))
    assert Counter(kinds) == {"plain": 6, "heavy": 2, "links": 1}
    assert "heavy,heavy" not in ",".join(kinds)


@pytest.mark.parametrize("mix", ["", "plain=0", "poems", "plain=x", "plain=-1", "heavy=1.5"])
def test_an_invalid_mix_is_refused(mix: str) -> None:
    """An invalid mix is refused."""
    with pytest.raises(BadMix):
        parse_mix(mix)


def test_each_text_and_link_is_unique() -> None:
    """A known link would have a cached preview."""
    for make in makers("http://site/{}").values():
        assert make("a") != make("b")
    assert page("http://site/slow", "t") == "http://site/slow?splitflap=t"
    assert page("http://site/slow?x=1", "t") == "http://site/slow?x=1&splitflap=t"


def test_an_end_may_be_noted_before_its_202() -> None:
    """Events and responses come on different connections."""
    ledger = Ledger(["plain"], clock=iter([1.0, 3.5]).__next__)
    since = ledger.sent("plain")
    ledger.ended("t1", complete=True)
    ledger.accepted("plain", "t1", since)
    assert ledger.running() == []
    assert ledger.total().seconds == [2.5]


def test_a_quantile_is_the_nearest_rank() -> None:
    """A quantile is the nearest rank."""
    ledger = Ledger(["plain"])
    figures = ledger.figures["plain"]
    assert figures.quantile(0.99) is None
    figures.seconds = [float(value) for value in range(100, 0, -1)]
    assert (figures.quantile(0.5), figures.quantile(0.99)) == (50.0, 99.0)
