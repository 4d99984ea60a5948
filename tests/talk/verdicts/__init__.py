"""The branches of verdicts, with made-up rows."""

from collections.abc import Mapping

from benchmarks.talk.experiment import Case, Label

#: The figures of one round.
Figures = Mapping[str, float]


def case(figures: Figures, **labels: Label) -> Case:
    """A case of one round."""
    return Case(labels, {name: [value] for name, value in figures.items()})
