"""The results file: what the page is made from."""

import importlib.metadata
import json
import math
import os
import platform
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from benchmarks import ROOT
from tests.servers.process import MissingBinary, find_binary

from .experiment import Case, Experiment, Rows
from .experiments import NAMES

#: The committed results.
RESULTS = ROOT / "benchmarks" / "talk" / "results.json"

#: Options for a version, other than --version.
_VERSION = {"nginx": "-v", "rabbitmqctl": "version"}

#: Debian has the programs of PostgreSQL there, the newest version first.
_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)


@dataclass(frozen=True)
class Machine:
    """The machine at the start of an experiment."""

    cpus: int
    cpu: str
    python: str
    #: The load of the minute before.
    load_before: float

    def words(self) -> str:
        """One sentence for the page."""
        load = f"load of the minute before: {self.load_before:.1f}"
        return f"{self.cpus} CPUs ({self.cpu}), Python {self.python}, {load}"


@dataclass(frozen=True)
class Result:
    """One experiment's results. Without rows, `reason` says why it was not run."""

    machine: Machine
    versions: Mapping[str, str]
    rounds: int
    #: Seconds that all rounds took.
    seconds: float
    quick: bool = False
    reason: str = ""
    #: Why a later run could not measure it. The rows are those of an earlier run then.
    kept_because: str = ""
    rows: Rows = field(default_factory=lambda: Rows([]))


def machine() -> Machine:
    """This machine, now."""
    return Machine(os.cpu_count() or 1, _cpu_model(), platform.python_version(), os.getloadavg()[0])


def versions(experiment: Experiment) -> dict[str, str]:
    """The versions of an experiment's packages and programs; a missing one has none."""
    found = {}
    for name in experiment.packages:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = _program_version(name)
    return found


def _program_version(name: str) -> str:
    """The version that a program prints."""
    try:
        command = [find_binary(name, *_FOLDERS), _VERSION.get(name, "--version")]
    except MissingBinary:
        return "not installed"
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=30)
    version = re.search(r"\d+(\.\d+)+", done.stdout + done.stderr)
    return version.group() if version else "unknown"


class UnreadableResults(ValueError):
    """A file is no results file, or one of another version."""


def read(file: Path = RESULTS) -> dict[str, Result]:
    """The results by experiment; none if there is no file.

    Raises:
        UnreadableResults: the file is broken, or of another version.
    """
    if not file.exists():
        return {}
    try:
        return {name: _result(each) for name, each in json.loads(file.read_text("utf-8")).items()}
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise UnreadableResults(
            f"cannot read the results in {file} ({type(error).__name__}: {error}); remove the file "
            "to measure everything anew"
        ) from error


def write(results: Mapping[str, Result], file: Path = RESULTS) -> None:
    """Write all results. An interrupted write leaves the earlier file whole."""
    experiments = (f"{json.dumps(name)}: {_text(each)}" for name, each in results.items())
    unfinished = file.with_name(f"{file.name}.new")
    unfinished.write_text("{\n" + ",\n".join(experiments) + "\n}\n", encoding="utf-8")
    unfinished.replace(file)


def merged(kept: Mapping[str, Result], new: Mapping[str, Result]) -> dict[str, Result]:
    """New results in the place of kept ones. One that could not run leaves earlier rows."""
    both = {**kept, **new}
    for name, result in new.items():
        if result.reason and name in kept and kept[name].rows:
            both[name] = replace(kept[name], kept_because=result.reason)
    return in_order(both)


def in_order(results: Mapping[str, Result]) -> dict[str, Result]:
    """The results in the order of the page."""
    return {name: results[name] for name in NAMES if name in results}


def _text(result: Result) -> str:
    """JSON with one line for each row, so that a difference of two runs can be read."""
    values = _values(result)
    rows = ",\n  ".join(json.dumps(row, allow_nan=False) for row in values.pop("rows"))
    return f'{json.dumps(values)[:-1]}, "rows": [\n  {rows}\n]}}'


def _result(values: Mapping[str, Any]) -> Result:
    rows = [
        Case(row["labels"], {k: _measured(v) for k, v in row["figures"].items()}, row["note"])
        for row in values["rows"]
    ]
    return Result(**{**values, "machine": Machine(**values["machine"]), "rows": Rows(rows)})


def _values(result: Result) -> dict[str, Any]:
    rows = [
        {
            "labels": dict(row.labels),
            "figures": {name: _stored(values) for name, values in row.figures.items()},
            "note": row.note,
        }
        for row in result.rows
    ]
    plain = {name: value for name, value in vars(result).items() if name != "rows"}
    return {**plain, "machine": asdict(result.machine), "rows": rows}


def _stored(values: Sequence[float]) -> list[float | None]:
    """JSON has no NaN."""
    return [None if math.isnan(each) else float(f"{each:.4g}") for each in values]


def _measured(values: Sequence[float | None]) -> list[float]:
    return [math.nan if each is None else each for each in values]


def _cpu_model() -> str:
    """The model of the CPU, from Linux."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.machine()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.machine())
