"""Loads the fixtures of the servers and of back ends, and says which tests share a process."""

import re
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

pytest_plugins = ["tests.servers.fixtures", "tests.system.rig.backends"]


class _ByFileAndBackEnd(LoadScopeScheduling):  # type: ignore[misc]  # xdist has no types
    """One process runs all tests of a file, so it makes the fixtures of a module once.

    Of tests/system it runs first all files on one back end: each stack starts once in a process.
    """

    def _split_scope(self, nodeid: str) -> str:
        file, _, test = nodeid.partition("::")
        back_ends = {"embedded", "servers"} & set(re.split(r"[\[\]-]", test))
        return f"{file} {' '.join(back_ends)}" if file.startswith("tests/system/") else file


# Optional: tests on green threads run without plugins (tests/integration/scraper/green).
@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadScopeScheduling:
    """With several processes (`-n`), distribute tests in this way."""
    return _ByFileAndBackEnd(config, log)
