"""All objects to check: of every mode of the chart, and of every file of k8s/examples."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.chart import strict
from tests.chart.helm import Helm, Object, merged
from tests.chart.values import EXAMPLES, OUTSIDE

COMPONENT = "app.kubernetes.io/component"


@dataclass(frozen=True)
class Rendering:
    """A file with objects that are applied together."""

    name: str
    file: Path
    objects: list[Object]

    def name_of(self, kind: str, name: str) -> str:
        """Kind and component of an object, or its name if it has no component."""
        for each in self.objects:
            if (each["kind"], each["metadata"]["name"]) == (kind, name):
                return f"{kind}/{each['metadata'].get('labels', {}).get(COMPONENT, name)}"
        raise LookupError(f"{self.name} has no {kind} {name}")


def write(name: str, text: str, folder: Path) -> Rendering:
    """Write a rendered mode to a file."""
    file = folder / f"{name.replace(' ', '-')}.yaml"
    file.write_text(text, encoding="utf-8")
    return Rendering(name, file, strict.load_all(text))


def examples(helm: Helm, folder: Path) -> Iterator[Rendering]:
    """The files of k8s/examples. A file without objects has values of the chart, and renders."""
    for file in sorted(EXAMPLES.rglob("*.yaml")):
        name = str(file.relative_to(EXAMPLES))
        documents = strict.load_all(file.read_text(encoding="utf-8"))
        if all(is_object(each) for each in documents):
            yield Rendering(name, file, documents)
        else:
            [values] = documents
            base = {key: value for key, value in OUTSIDE.items() if key not in values}
            yield write(name.replace("/", "-"), helm.render(merged(base, values)).text, folder)


def is_object(document: Any) -> bool:
    """Whether this is an object of Kubernetes."""
    return isinstance(document, dict) and {"apiVersion", "kind"} <= set(document)
