"""The pages that are made from declarations."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", ["docs", "charts"])
def test_generated_pages_have_not_drifted(folder: str) -> None:
    """They say what settings, metrics, problems and the chart's values are declared now."""
    check = subprocess.run(
        [sys.executable, ROOT / folder / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
