"""Runs tests on green threads, in a patched pytest of its own: a patch cannot be undone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[3]

#: The first step of the service's __main__, then pytest.
PATCHED = (
    "from splitflap_scraper.process import green; green.patch()\n"
    "import sys, pytest; sys.exit(pytest.main(sys.argv[1:]))"
)


@pytest.mark.parametrize(
    "name",
    [
        "fetch/test_fetch.py",
        "fetch/test_fetch_addresses.py",
        "fetch/test_fetch_redirects.py",
        "fetch/test_own_page.py",
        "fetch/test_cookies.py",
        "fetch/test_host_headers.py",
        "fetch/test_fetch_limits.py",
        "fetch/test_connections.py",
        "process/test_politeness.py",
        "green/green_fetch.py",
        "green/green_pool.py",
        "green/green_hostile.py",
        "green/green_lag.py",
        "../traces/test_export.py",
    ],
)
def test_the_file_passes_on_green_threads(name: str) -> None:
    """No test of it is skipped."""
    options = ["-p", "no:cacheprovider", "-o", "addopts=--strict-markers"]
    run = subprocess.run(
        [sys.executable, "-c", PATCHED, *options, str(HERE.parent / name)],
        cwd=ROOT,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
