"""The renderings, and the programs in .tools/chart."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.chart.conftest import Rendered
from tests.chart.helm import TOOLS, Helm
from tests.chart.values import MODES
from tests.servers.fixtures import or_skip
from tests.servers.process import MissingBinary, find_binary

from .renderings import Rendering, examples, write

#: Runs a program with arguments. Its exit code is the caller's business.
Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def modes(rendered: Rendered, tmp_path_factory: pytest.TempPathFactory) -> list[Rendering]:
    """The chart in every mode."""
    folder = tmp_path_factory.mktemp("modes")
    return [write(mode, rendered(mode).text, folder) for mode in MODES]


@pytest.fixture(scope="session")
def renderings(
    modes: list[Rendering], helm: Helm, tmp_path_factory: pytest.TempPathFactory
) -> list[Rendering]:
    """The chart in every mode, and every example."""
    return [*modes, *examples(helm, tmp_path_factory.mktemp("examples"))]


@pytest.fixture(scope="session")
def run() -> Run:
    """Runs a program of .tools/chart, or of the system."""

    def run(name: str, *arguments: str | Path) -> "subprocess.CompletedProcess[str]":
        binary = or_skip(lambda: find(name))
        command = [binary, *map(str, arguments)]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=100)

    return run


def find(name: str) -> str:
    """The path of a program.

    Raises:
        MissingBinary: `make lint-chart` did not install it.
    """
    try:
        return find_binary(name, TOOLS / "chart", TOOLS / "chart" / "python" / "bin", TOOLS)
    except MissingBinary as error:
        raise MissingBinary(f"{error}: make lint-chart installs it") from error
