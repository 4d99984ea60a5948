"""kubeconform accepts every object, for the oldest Kubernetes and the newest."""

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.servers.fixtures import or_skip

from .conftest import Run, find
from .crds import Crd, crds
from .renderings import Rendering
from .schemas import LOCATION, Kind, write

#: The oldest version that Chart.yaml allows, and the newest with schemas.
VERSIONS = ("1.27.0", "1.37.0")

#: What kubeconform says of files with objects of these kinds.
Invalid = Callable[[Iterable[Path], set[Kind]], list[Any]]


@pytest.fixture(scope="session", params=VERSIONS)
def invalid(
    request: pytest.FixtureRequest, run: Run, tmp_path_factory: pytest.TempPathFactory
) -> Invalid:
    """The objects that kubeconform refuses. It skips kinds whose CRD is not at hand."""
    or_skip(lambda: find("kubeconform"))
    folder = tmp_path_factory.mktemp("schemas")

    def invalid(files: Iterable[Path], kinds: set[Kind]) -> list[Any]:
        missing = {str(kind) for kind in write(kinds, request.param, folder)}
        assert missing <= {crd.kind for crd in crds() if crd.read() is None}, "without a schema"
        skip = ["-skip", ",".join(missing)] if missing else []
        location = ["-strict", "-schema-location", f"{folder}/{LOCATION}", "-output", "json"]
        done = run("kubeconform", *location, *skip, *files)
        return [each["msg"] for each in json.loads(done.stdout)["resources"]]

    return invalid


def test_every_object_is_valid(renderings: list[Rendering], invalid: Invalid) -> None:
    """No field is unknown, of a wrong type or null, in any mode and example."""
    kinds = {Kind.of(each) for rendering in renderings for each in rendering.objects}
    assert not invalid([each.file for each in renderings], kinds)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("spec", "template", "spec", "unknown"), "x"),
        (("spec", "replicas"), "two"),
        (("spec", "selector", "matchLabels"), None),
    ],
)
def test_a_wrong_field_is_invalid(
    path: tuple[str, ...], value: object, modes: list[Rendering], invalid: Invalid, tmp_path: Path
) -> None:
    """An unknown field, a wrong type, and a null."""
    [wrong, *_] = [
        yaml.safe_load(yaml.safe_dump(each))
        for each in modes[0].objects
        if each["kind"] == "Deployment"
    ]
    place = wrong
    for part in path[:-1]:
        place = place[part]
    place[path[-1]] = value
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump(wrong), encoding="utf-8")
    [found] = invalid([file], {Kind.of(wrong)})
    assert "problem validating schema" in found


@pytest.mark.parametrize("crd", crds(), ids=lambda crd: crd.kind)
def test_a_crd_is_at_hand(crd: Crd) -> None:
    """A kind without its CRD is NOT CHECKED here, and a skipped test says so."""
    if (content := crd.read()) is None:
        pytest.skip(f"NOT CHECKED: no CRD of {crd.kind} is at hand (make lint-chart)")
    defined = [each["spec"] for each in yaml.load_all(content, yaml.CSafeLoader) if each]
    assert crd.kind in {
        f"{spec['group']}/{version['name']}/{spec['names']['kind']}"
        for spec in defined
        for version in spec["versions"]
    }


def test_each_custom_resource_has_a_crd(renderings: list[Rendering]) -> None:
    """Kinds of other groups than Kubernetes' own are in crds.yaml."""
    kinds = {Kind.of(each) for rendering in renderings for each in rendering.objects}
    own = {kind for kind in kinds if "." not in kind.group or kind.group.endswith(".k8s.io")}
    gateway = {kind for kind in own if kind.group.startswith("gateway.")}
    assert {str(kind) for kind in kinds - own | gateway} <= {crd.kind for crd in crds()}
