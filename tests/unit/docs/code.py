"""The code as names: files, symbols, metrics, settings, reasons, commands and chart values."""

import ast
import os
import re
from functools import cache
from pathlib import PurePosixPath
from typing import Any

import click
import msgspec
import yaml
from splitflap.__main__ import main
from splitflap_core.settings import PREFIX
from splitflap_core.wording.setting_errors import known_names
from splitflap_scraper.process.reasons import REASONS

from tests.unit.docs.pages import ROOT

#: Names in these files prove nothing: pages, and the examples of this folder's own tests.
_NO_EVIDENCE = ("tests/unit/docs/",)

#: Folders of the repository that hold no source.
_NO_SOURCE = {"__pycache__", "data", "node_modules"}

#: Reasons of a text that was not rendered, as problems.md lists them under `not-rendered`.
RENDER_REASONS = frozenset({"refused", "deadline", "broken", "crashed"})

SCRAPE_REASONS = frozenset(REASONS)


@cache
def files() -> frozenset[str]:
    """Every file, as a path from the root; hidden folders are left out, except `.ci`."""
    found = set()
    for folder, folders, names in os.walk(ROOT):
        folders[:] = [
            each
            for each in folders
            if each not in _NO_SOURCE and (not each.startswith(".") or each == ".ci")
        ]
        place = PurePosixPath(os.path.relpath(folder, ROOT))
        found |= {(place / name).as_posix() for name in names}
    return frozenset(found)


@cache
def folders() -> frozenset[str]:
    """Every folder that has a file somewhere below it."""
    parents = (parent for name in files() for parent in PurePosixPath(name).parents)
    return frozenset(parent.as_posix() for parent in parents)


def found_at(name: str) -> list[str]:
    """The files and folders that a path names, from the root or from any folder."""
    name = name.rstrip("/")
    return [each for each in files() | folders() if each == name or each.endswith(f"/{name}")]


@cache
def text_of(name: str) -> str:
    """A file's text; "" for a file that is not text."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


@cache
def words() -> frozenset[str]:
    """Every word in the code, the chart and the build files."""
    sources = (
        name for name in files() if not name.endswith(".md") and not name.startswith(_NO_EVIDENCE)
    )
    return frozenset(word for name in sources for word in re.findall(r"\w+", text_of(name)))


@cache
def symbols(name: str) -> frozenset[str]:
    """What a Python file defines: `name`, and `Class.name` for members of a class."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(text_of(name))):
        found |= _defined(node)
        if isinstance(node, ast.ClassDef):
            members = {each for child in ast.walk(node) for each in _defined(child)}
            found |= {f"{node.name}.{member}" for member in members}
    return frozenset(found)


def _defined(node: ast.AST) -> set[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {node.name}
    if isinstance(node, ast.Assign | ast.AnnAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        return {
            each.id if isinstance(each, ast.Name) else each.attr
            for target in targets
            for each in ast.walk(target)
            if isinstance(each, ast.Name | ast.Attribute)
        }
    # Tables, indexes and the like are known by the name that their first argument gives.
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        return {node.args[0].value} if isinstance(node.args[0].value, str) else set()
    return set()


@cache
def test_names() -> frozenset[str]:
    """The names of all test functions."""
    tests = (name for name in files() if name.startswith(("tests/", "asyncrequest/tests/")))
    found = (symbols(name) for name in tests if name.endswith(".py"))
    return frozenset(each for names in found for each in names if each.startswith("test_"))


@cache
def metrics() -> dict[str, dict[str, Any]]:
    """The declared metrics by name."""
    declared: dict[str, dict[str, Any]] = yaml.safe_load(
        text_of("core/splitflap_core/metrics.yaml")
    )
    return declared


@cache
def recorded_rules() -> frozenset[str]:
    """The names of Prometheus' recording rules."""
    rules = (name for name in files() if name.startswith("charts/splitflap/rules/"))
    found = (re.findall(r"record: (\S+)", text_of(name)) for name in rules)
    return frozenset(each for names in found for each in names)


@cache
def settings() -> frozenset[str]:
    """The environment variables of services, commands, `splitflap_core.definitions` and make."""
    return known_names() | set(re.findall(rf"\b{PREFIX}[A-Z_]+", text_of("Makefile")))


@cache
def make_targets() -> frozenset[str]:
    """The targets of the Makefile."""
    return frozenset(re.findall(r"^([a-z][a-z-]+):", text_of("Makefile"), re.MULTILINE))


def command_error(arguments: list[str]) -> str | None:
    """Why `splitflap ARGUMENTS` cannot be typed; the words after the last command are free."""
    command: click.Command = main
    while isinstance(command, click.Group) and arguments and arguments[0].isalpha():
        if arguments[0] not in command.commands:
            return f"`splitflap` has no command `{arguments[0]}`"
        command = command.commands[arguments.pop(0)]
    known = {name for each in (command, main) for p in each.params for name in p.opts}
    known |= {"--help", "-h", "--version"}
    unknown = [each for each in arguments if each.startswith("-") and len(each) > 1]
    unknown = [each for each in unknown if each.split("=")[0] not in known]
    return f"`splitflap` has no option `{unknown[0]}` there" if unknown else None


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = msgspec.json.decode(text_of("charts/splitflap/values.schema.json"))
    return schema


def chart_value_exists(path: str) -> bool:
    """Whether the chart's schema declares a value such as `api.settings.databasePool`."""
    node = _schema()
    for part in path.split("."):
        node = _resolved(node)
        if part in node.get("properties", {}):
            node = node["properties"][part]
        elif isinstance(node.get("additionalProperties"), dict):
            node = node["additionalProperties"]
        else:
            return "properties" not in node and node is not _schema()
    return True


def chart_values() -> frozenset[str]:
    """The first parts of the chart's values."""
    return frozenset(_schema()["properties"])


def _resolved(node: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in node:
        target: Any = _schema()
        for part in node["$ref"].removeprefix("#/").split("/"):
            target = target[part]
        node = target
    return node
