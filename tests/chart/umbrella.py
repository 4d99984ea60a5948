"""A parent chart, which has this chart as a dependency once or several times."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from . import strict
from .helm import CHART, KUBERNETES, Helm, Manifests


def umbrella(folder: Path, names: tuple[str, ...], values: Mapping[str, Any]) -> Path:
    """Write a parent chart with these values and a dependency of each name."""
    (folder / "charts").mkdir(parents=True)
    (folder / "charts" / "splitflap").symlink_to(CHART)
    chart = {
        "apiVersion": "v2",
        "name": "umbrella",
        "version": "1.0.0",
        "dependencies": [
            {
                "name": "splitflap",
                "version": ">=0.0.0-0",
                "repository": "",
                "condition": f"{name}.enabled",
                **({} if name == "splitflap" else {"alias": name}),
            }
            for name in names
        ],
    }
    (folder / "Chart.yaml").write_text(yaml.safe_dump(chart), encoding="utf-8")
    (folder / "values.yaml").write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
    return folder


def render(helm: Helm, chart: Path, *options: str, release: str = "r") -> Manifests:
    """The objects of a parent chart.

    Raises:
        ValuesRefused: Helm refused the values.
    """
    where = ("-n", "ns", "--kube-version", KUBERNETES)
    return Manifests(strict.load_all(helm.run("template", release, str(chart), *where, *options)))
