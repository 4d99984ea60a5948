"""Evaluates Prometheus' rules with promtool, on series of a test."""

import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from tests.servers.fixtures import or_skip
from tests.servers.process import find_binary

#: Seconds between samples and evaluations.
STEP = 15

CHART = Path(__file__).parents[2] / "charts" / "splitflap"

#: The unchanged rule files, for all releases.
PLAIN = [CHART / "rules" / name for name in ("demand.yaml", "slo.yaml", "alerts.yaml")]

#: Series by their selectors, in promtool's notation: `0+3x20` grows by 3 twenty times, `_` is none.
Series = Mapping[str, str]


@dataclass(frozen=True)
class Expected:
    """The expected result of an expression: values by their labels."""

    expression: str
    samples: Mapping[str, float]


def evaluate(
    rules: Sequence[Path], series: Series, minutes: float, expected: Expected, folder: Path
) -> str | None:
    """Promtool's error, or None if the rules give the expected result."""
    promtool = or_skip(lambda: find_binary("promtool"))
    test = {
        "interval": f"{STEP}s",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "promql_expr_test": [
            {
                "expr": expected.expression,
                "eval_time": f"{int(minutes * 60)}s",
                "exp_samples": [
                    {"labels": labels, "value": value} for labels, value in expected.samples.items()
                ],
            }
        ],
    }
    document = {
        "rule_files": [str(path) for path in rules],
        "evaluation_interval": f"{STEP}s",
        "tests": [test],
    }
    path = folder / "test.yaml"
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    done = subprocess.run(
        [promtool, "test", "rules", str(path)],
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    return f"{done.stdout}{done.stderr}" if done.returncode else None
