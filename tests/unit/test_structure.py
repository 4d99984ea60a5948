"""The tree keeps its shape: small folders, short files, short functions."""

import ast
import statistics
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

PACKAGES = {
    "asyncrequest": "asyncrequest/asyncrequest",
    "splitflap_client": "clients/python/splitflap_client",
    "splitflap_core": "core/splitflap_core",
    "splitflap_api": "services/api/splitflap_api",
    "splitflap_renderer": "services/renderer/splitflap_renderer",
    "splitflap_scraper": "services/scraper/splitflap_scraper",
    "splitflap_web": "services/web/splitflap_web",
    "splitflap": "ops/splitflap",
}

#: Most modules of a folder, its sub-packages not counted.
MAX_MODULES = 15

#: Most lines of a file.
MAX_LINES = 500

#: Longest function in the median and at the 90th percentile, in lines without decorators.
MAX_MEDIAN, MAX_90TH = 10, 30


@pytest.fixture(params=list(PACKAGES.values()), ids=list(PACKAGES))
def package(request: pytest.FixtureRequest) -> Path:
    """The folder of a package."""
    folder: str = request.param
    return ROOT / folder


def functions(file: Path) -> Iterator[int]:
    """The length of each function in a file."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            yield node.end_lineno - node.lineno + 1


def test_a_folder_has_few_modules(package: Path) -> None:
    """A larger folder needs sub-packages."""
    folders = {file.parent for file in package.rglob("*.py")}
    modules = {folder: len(list(folder.glob("*.py"))) for folder in folders}
    large = {folder: count for folder, count in modules.items() if count > MAX_MODULES}
    assert large == {}


def test_a_file_is_short(package: Path) -> None:
    """A longer file has several subjects."""
    lines = {file: len(file.read_text("utf-8").splitlines()) for file in package.rglob("*.py")}
    assert {file: count for file, count in lines.items() if count > MAX_LINES} == {}


def test_functions_are_short(package: Path) -> None:
    """The bounds are for the median and the 90th percentile, so a few may be long."""
    lengths = [length for file in package.rglob("*.py") for length in functions(file)]
    assert statistics.median(lengths) <= MAX_MEDIAN
    assert statistics.quantiles(lengths, n=10)[-1] <= MAX_90TH


def test_each_package_is_checked() -> None:
    """A new member of the workspace needs a line in PACKAGES."""
    members = {
        path.parent
        for pattern in ("*", "clients/*", "services/*")
        for path in ROOT.glob(f"{pattern}/pyproject.toml")
    }
    assert {(ROOT / folder).parent for folder in PACKAGES.values()} == members
