"""The pages that `make docs` generates."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


SCRIPTS = [
    "docs/generate.py",
    "docs/licences.py",
    "charts/generate.py",
    "clients/python/write_models.py",
]


@pytest.mark.parametrize("script", SCRIPTS)
def test_generated_pages_match_their_declarations(script: str) -> None:
    """A stale page fails; `make docs` writes it anew."""
    check = subprocess.run(
        [sys.executable, ROOT / script, "--check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert check.returncode == 0, check.stdout + check.stderr
