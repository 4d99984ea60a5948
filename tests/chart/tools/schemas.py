"""JSON schemas for kubeconform, without unknown fields and without nulls.

Those of Kubernetes come from the package kubernetes-validate. Those of custom resources are made
from their CRDs.
"""

import json
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from tests.chart.helm import TOOLS

from .crds import Crd, crds

Schema = dict[str, Any]

#: Where kubeconform finds the schema of a kind.
LOCATION = "{{.Group}}.{{.ResourceKind}}.{{.ResourceAPIVersion}}.json"

GVK = "x-kubernetes-group-version-kind"


#: Fields that only a user's values give. They need a newer Kubernetes, and values.yaml says so.
NEWER = {"io.k8s.api.core.v1.Container": {"restartPolicy": {"enum": ["Always"]}}}

#: The fields of every object.
COMMON = ("apiVersion", "kind", "metadata")


class Kind(NamedTuple):
    """A kind of objects."""

    group: str
    version: str
    kind: str

    @classmethod
    def of(cls, each: Schema) -> "Kind":
        """The kind of an object."""
        group, _, version = each["apiVersion"].rpartition("/")
        return cls(group, version, each["kind"])

    def __str__(self) -> str:
        return f"{self.group}/{self.version}/{self.kind}"

    def file(self) -> str:
        """The name of the schema's file: LOCATION. In kubeconform, the core's group is "v1"."""
        return f"{self.group or self.version}.{self.kind.lower()}.{self.version}.json"


def write(kinds: Iterable[Kind], version: str, folder: Path) -> set[Kind]:
    """Write the schemas of kinds for a version of Kubernetes. Return the kinds without one."""
    missing = set()
    for kind in kinds:
        if schema := _custom().get(kind) or _builtin(kind, version):
            (folder / kind.file()).write_text(json.dumps(schema), encoding="utf-8")
        else:
            missing.add(kind)
    return missing


@cache
def _custom() -> dict[Kind, Schema]:
    """The schemas of the CRDs at hand."""
    found = {}
    for crd in crds():
        for spec in [each["spec"] for each in _documents(crd)]:
            for version in spec["versions"]:
                kind = Kind(spec["group"], version["name"], spec["names"]["kind"])
                schema = version["schema"]["openAPIV3Schema"]
                # A CRD may leave out what every object has.
                schema["properties"] = {key: {} for key in COMMON} | schema["properties"]
                found[kind] = _closed(schema)
    return found


def _documents(crd: Crd) -> list[Any]:
    return [each for each in yaml.load_all(crd.read() or b"", yaml.CSafeLoader) if each]


def _closed(schema: Any) -> Any:
    """A CRD's schema that refuses unknown fields, as the API server's strict validation does."""
    if isinstance(schema, list):
        return [_closed(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {key: _closed(value) for key, value in schema.items()}
    open_to_all = schema.get("x-kubernetes-preserve-unknown-fields")
    if schema.get("type") == "object" and "properties" in schema and not open_to_all:
        closed.setdefault("additionalProperties", False)
    return closed


def _builtin(kind: Kind, version: str) -> Schema | None:
    """The schema of one of Kubernetes' own kinds, with the definitions that it needs."""
    definitions = _definitions(version)
    for name, each in definitions.items():
        if {"group": kind.group, "version": kind.version, "kind": kind.kind} in each.get(GVK, []):
            needed = {name: each}
            waiting = [each]
            while waiting:
                for other in _references(waiting.pop()):
                    if other not in needed:
                        needed[other] = definitions[other]
                        waiting.append(definitions[other])
            return {"$ref": f"#/$defs/{name}", "$defs": needed}
    return None


@cache
def _definitions(version: str) -> dict[str, Schema]:
    """All definitions of a version of Kubernetes, without nulls."""
    pattern = f"chart/python/lib/*/site-packages/kubernetes_validate/*/v{version}-local-strict"
    [folder] = TOOLS.glob(pattern)
    text = (folder / "_definitions.json").read_text(encoding="utf-8")
    found: dict[str, Schema] = _without_nulls(json.loads(text)["$defs"])
    for name, fields in NEWER.items():
        found[name]["properties"] = fields | found[name]["properties"]
    return found


def _without_nulls(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_without_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {key: _without_nulls(value) for key, value in schema.items()}
    if isinstance(types := schema.get("type"), list):
        [changed["type"]] = [each for each in types if each != "null"]
    return changed


def _references(schema: Any) -> Iterator[str]:
    if isinstance(schema, list):
        for each in schema:
            yield from _references(each)
    elif isinstance(schema, dict):
        if isinstance(reference := schema.get("$ref"), str):
            yield reference.rpartition("/")[2]
        for value in schema.values():
            yield from _references(value)
