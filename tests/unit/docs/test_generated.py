"""The pages that `make docs` generates."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("folder", ["docs", "charts"])
def test_generated_pages_match_their_declarations(folder: str) -> None:
    """A stale page fails; `make docs` writes it anew."""
    check = subprocess.run(
        [sys.executable, ROOT / folder / "generate.py", "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
