"""The experiments, in the order of the talk. Each file has one, as EXPERIMENT."""

import importlib
import importlib.util

from benchmarks.talk.experiment import Experiment

#: All names, in the order of the page. A name without a file is not written yet.
NAMES = (
    "one_at_a_time",
    "threads",
    "free_threading",
    "processes",
    "green_threads",
    "asyncio_today",
    "servers",
    "load_balancing",
    "nginx",
    "bottlenecks",
    "pushing",
    "split",
)


def written() -> tuple[str, ...]:
    """The names that have a file."""
    return tuple(name for name in NAMES if importlib.util.find_spec(f"{__name__}.{name}"))


def load(name: str) -> Experiment:
    """The experiment with a name."""
    found = importlib.import_module(f"{__name__}.{name}").EXPERIMENT
    assert isinstance(found, Experiment)
    assert found.name == name, f"{name}.py has the experiment {found.name}"
    return found
