"""The branches of verdicts, with made-up rows."""

from benchmarks.talk.experiment import Case, Label


def case(figures: dict[str, float], **labels: Label) -> Case:
    """A case of one round."""
    return Case(labels, {name: [value] for name, value in figures.items()})
