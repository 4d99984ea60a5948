"""Reads YAML as the strictest tools do: kustomize, Flux, server-side apply."""

from collections import Counter
from collections.abc import Hashable, Iterator
from typing import Any

import yaml

#: Lists that server-side apply merges by a key. The key, here with its parts, must be unique.
KEYS = {
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "containers": ("name",),
    "initContainers": ("name",),
    "imagePullSecrets": ("name",),
    "ports": ("port", "containerPort", "protocol"),
    "topologySpreadConstraints": ("topologyKey", "whenUnsatisfiable"),
    "hostAliases": ("ip",),
}


class StrictLoader(yaml.CSafeLoader):
    """PyYAML's loader, without duplicate keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """The map of a node.

        Raises:
            ConstructorError: a key stands there twice.
        """
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        for key, times in Counter(keys).items():
            if times > 1:
                problem = f"the key {key!r} stands here {times} times"
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


def load_all(text: str) -> list[Any]:
    """The documents of a text, without empty ones."""
    return [each for each in yaml.load_all(text, StrictLoader) if each]


def load(text: str) -> Any:
    """The one document of a text."""
    return yaml.load(text, StrictLoader)


def duplicates(value: Any, path: str = "") -> Iterator[str]:
    """The items of an object's lists that server-side apply refuses."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name in KEYS and isinstance(inner, list):
                found = Counter(tuple(each.get(key) for key in KEYS[name]) for each in inner)
                yield from (f"{path}.{name}: {key}" for key, n in found.items() if n > 1)
            yield from duplicates(inner, f"{path}.{name}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from duplicates(inner, f"{path}[{number}]")
