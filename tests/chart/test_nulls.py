"""A null in place of each value: a message that names the value, or a rendering without it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from .helm import CHART, Helm, Manifests, Object, ValuesRefused, merged
from .umbrella import render, umbrella
from .values import DEV, FULL, SEEN

#: All objects, so that each value is used.
ALL = merged(DEV, {key: FULL[key] for key in ("ingress", "httpRoute")}, SEEN, {
    "api": {"showPods": True}, "outcomes": {"enabled": True}
})  # fmt: skip

MISSING = re.compile(r"at '/?([^']*)': missing propert(?:y|ies) (.*)")
WRONG = re.compile(r"at '/?([^']*)': got null")

Path_ = tuple[str, ...]


def paths(values: dict[str, Any], path: Path_ = ()) -> Iterator[Path_]:
    """The paths of all values, with those that hold others."""
    for name, value in values.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from paths(value, (*path, name))


DEFAULTS: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
PATHS = [*paths(DEFAULTS)]


def nulled(*some: Path_, values: dict[str, Any] = ALL) -> dict[str, Any]:
    """The values with null at these paths."""
    for path in some:
        place: dict[str, Any] = {path[-1]: None}
        for name in reversed(path[:-1]):
            place = {name: place}
        values = merged(values, place)
    return values


def named(message: str) -> set[Path_]:
    """The paths that a message names."""
    found: set[Path_] = {tuple(path.split("/")) for path in WRONG.findall(message)}
    for place, names in MISSING.findall(message):
        prefix = tuple(place.split("/")) if place else ()
        found |= {(*prefix, name) for name in re.findall(r"'([^']*)'", names)}
    return found


def refused(helm: Helm, depth: int, *command: str, parent: bool) -> set[Path_]:
    """The paths of a depth that Helm refuses to be null, all of them nulled at a time."""
    values = nulled(*(path for path in PATHS if len(path) == depth))
    file = helm.write({"splitflap": values} if parent else values)
    with pytest.raises(ValuesRefused) as failed:
        helm.run("template", "r", *command, "-f", file)
    return named(str(failed.value))


def opened(policy: Object) -> list[str]:
    """The rules of a policy whose peers are lost: Kubernetes takes them for all peers."""
    return [
        f"{side}: {rule}"
        for side, peers in (("ingress", "from"), ("egress", "to"))
        for rule in policy["spec"].get(side) or []
        if peers in rule and (not rule[peers] or not all(rule[peers]))
    ]


@pytest.fixture(scope="module")
def free(helm: Helm) -> list[Path_]:
    """The paths that may be null."""
    known: set[Path_] = set()
    for depth in {len(path) for path in PATHS}:
        known |= refused(helm, depth, str(CHART), parent=False)
    return [path for path in PATHS if path not in known]


def test_most_values_must_not_be_null(free: list[Path_]) -> None:
    """Null removes a key from resources, strategies, labels and the like, and nothing else."""
    maps = {"annotations", "labels", "requests", "limits", "podSecurityContext", "securityContext"}
    maps |= {"strategy"}
    assert {path for path in free if not maps & {*path}} == set()


def test_a_null_that_is_accepted_gives_sound_objects(helm: Helm, free: list[Path_]) -> None:
    """A strict loader reads them, and no policy has lost its peers."""
    one = {"renderer": {"settings": {"processes": 1}}}  # instead of the limit of CPUs
    for depth in {len(path) for path in free}:
        some = nulled(*(path for path in free if len(path) == depth))
        manifests = helm.render(merged(some, one))
        assert [rule for each in policies(manifests) for rule in opened(each)] == []
        assert [each for each in manifests if "<nil>" in str(each)] == []


def policies(manifests: Manifests) -> list[Object]:
    """The network policies."""
    return [*manifests.of("NetworkPolicy").values()]


def test_a_parent_chart_gets_the_same_messages(
    helm: Helm, free: list[Path_], tmp_path: Path
) -> None:
    """Helm passes on the nulls of the user's files."""
    parent = str(umbrella(tmp_path / "parent", ("splitflap",), {}))
    for depth in {len(path) for path in PATHS}:
        wanted = {path for path in PATHS if len(path) == depth and path not in free}
        assert wanted <= refused(helm, depth, parent, parent=True) | {("global",)}


def test_the_nulls_of_a_parent_charts_own_values_are_refused_too(
    helm: Helm, tmp_path: Path
) -> None:
    """Helm applies them where the user's files set something else beside them."""
    nulls = merged(*(nulled(path, values={}) for path in PATHS if len(path) == 2))
    parent = umbrella(tmp_path / "parent", ("splitflap",), {"splitflap": nulls})
    with pytest.raises(ValuesRefused) as failed:
        render(helm, parent, "-f", helm.write({"splitflap": ALL}))
    assert ("networkPolicy", "egress") in named(str(failed.value))
