"""Words for verdicts."""

from collections.abc import Sequence

from benchmarks.talk.experiment import Case, Rows


def listed(parts: Sequence[str]) -> str:
    """A list in a sentence. Parts with a comma are apart by semicolons."""
    comma = "; " if any(", " in each for each in parts) else ", "
    return f"{comma.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def name(case: Case) -> str:
    """The system of a row."""
    return str(case.labels["system"])


def names(rows: Rows) -> list[str]:
    """All systems, each once."""
    return list(dict.fromkeys(map(name, rows)))
