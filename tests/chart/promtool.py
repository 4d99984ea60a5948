"""Evaluates Prometheus' rules with promtool, on series of a test."""

import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.servers.fixtures import or_skip
from tests.servers.process import find_binary

#: Seconds between samples, and between evaluations.
STEP, EVALUATE = 15, 30

CHART = Path(__file__).parents[2] / "charts" / "splitflap"

#: The unchanged rule files, for all releases.
PLAIN = [CHART / "rules" / name for name in ("demand.yaml", "slo.yaml", "alerts.yaml")]

#: An error of one case in promtool's output. The name is a comment in the expression, since older
#: versions report nothing else.
_ERROR = re.compile(r"expr: .* # ([^\"\n]+)\"(?:(?!expr: )[^\0])*")

#: Series by their selectors, in promtool's notation: `0+3x20` grows by 3 twenty times, `_` is none.
Series = Mapping[str, str]


@dataclass(frozen=True)
class Expected:
    """The expected result of an expression: values by their labels."""

    expression: str
    samples: Mapping[str, float]


class Case(NamedTuple):
    """Series, and what the rules make of them after so many minutes."""

    series: Series
    minutes: float
    expected: Expected


def evaluate(
    rules: Sequence[Path], series: Series, minutes: float, expected: Expected, folder: Path
) -> str | None:
    """Promtool's error, or None if the rules give the expected result."""
    return evaluate_all(rules, {"case": Case(series, minutes, expected)}, folder).get("case")


def evaluate_all(
    rules: Sequence[Path], cases: Mapping[str, Case], folder: Path
) -> Mapping[str, str]:
    """Promtool's errors by the names of the cases, all of them in one run."""
    promtool = or_skip(lambda: find_binary("promtool"))
    document = {
        "rule_files": [str(path) for path in rules],
        "evaluation_interval": f"{EVALUATE}s",
        "tests": [_test(name, case) for name, case in cases.items()],
    }
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=300,
    )
    if not done.returncode:
        return {}
    said = done.stdout + done.stderr
    found = {each[1]: each[0] for each in _ERROR.finditer(said)}
    # Rules that cannot be read fail every case.
    return found or dict.fromkeys(cases, said)


def _test(name: str, case: Case) -> dict[str, Any]:
    expected = case.expected
    return {
        "interval": f"{STEP}s",
        "input_series": [{"series": key, "values": each} for key, each in case.series.items()],
        "promql_expr_test": [
            {
                "expr": f"{expected.expression} # {name}",
                "eval_time": f"{int(case.minutes * 60)}s",
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in expected.samples.items()
                ],
            }
        ],
    }
