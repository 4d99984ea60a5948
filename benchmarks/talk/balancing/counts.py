"""How many requests each worker served, and how uneven these numbers are."""

from collections.abc import Sequence
from pathlib import Path


def counts(folder: Path, workers: int) -> list[int]:
    """The requests of each worker, from apps/counted.py. A worker without any has no file."""
    sizes = [each.stat().st_size for each in folder.iterdir()]
    return sizes + [0] * (workers - len(sizes))


def reset(folder: Path) -> None:
    """Forget all requests."""
    for each in folder.iterdir():
        each.unlink()


def most_of_mean(numbers: Sequence[int]) -> float:
    """The largest number divided by the mean: 1 if all are equal; their count if one has all."""
    return max(numbers) * len(numbers) / sum(numbers)


def gini(numbers: Sequence[int]) -> float:
    """The Gini coefficient: 0 if all are equal, near 1 if one has all of many."""
    ordered = sorted(numbers)
    weighted = sum(rank * each for rank, each in enumerate(ordered, start=1))
    count, total = len(ordered), sum(ordered)
    return 2 * weighted / (count * total) - (count + 1) / count
