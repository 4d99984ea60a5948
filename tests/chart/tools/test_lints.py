"""Helm, chart-testing's rules, kustomize and promtool accept every mode."""

import json
from pathlib import Path

import pytest
import yaml

from tests.chart import strict
from tests.chart.helm import CHART, KUBERNETES, ROOT, Helm, Object
from tests.chart.values import MODES

from .conftest import Run
from .renderings import Rendering

#: Helm of `make tools`, and the oldest supported one.
HELMS = ("helm", "helm-3.18")


@pytest.mark.parametrize("name", HELMS)
@pytest.mark.parametrize("mode", MODES)
def test_helm_lints_each_mode(mode: str, name: str, helm: Helm, run: Run) -> None:
    """A warning is an error."""
    options = ("--strict", "--kube-version", KUBERNETES)
    done = run(name, "lint", CHART, *options, "-f", helm.write(MODES[mode]))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_oldest_helm_renders_the_same_objects(
    modes: list[Rendering], helm: Helm, run: Run
) -> None:
    """Also with the version that docs/kubernetes.md names."""
    for mode in modes:
        where = ("-n", "ns", "--kube-version", KUBERNETES)
        done = run("helm-3.18", "template", "r", CHART, "-f", helm.write(MODES[mode.name]), *where)
        assert strict.load_all(done.stdout) == mode.objects, mode.name


def test_yamllint_accepts_the_chart_and_the_examples(run: Run) -> None:
    """chart-testing runs it with such rules over a chart."""
    files = [*CHART.glob("*.yaml"), ROOT / "k8s"]
    done = run("yamllint", "--strict", "-c", Path(__file__).with_name("yamllint.yaml"), *files)
    assert done.returncode == 0, done.stdout


def test_yamale_accepts_the_chart_s_metadata(run: Run) -> None:
    """chart-testing runs it over Chart.yaml."""
    schema = Path(__file__).with_name("chart.schema.yaml")
    done = run("yamale", "-s", schema, CHART / "Chart.yaml")
    assert done.returncode == 0, done.stdout


def test_kustomize_accepts_each_file(renderings: list[Rendering], run: Run, tmp_path: Path) -> None:
    """It refuses two objects of one name, and duplicate keys. A label reaches every object."""
    for number, each in enumerate(renderings):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "all.yaml").write_bytes(each.file.read_bytes())
        labels = [{"pairs": {"team": "web"}, "includeSelectors": False}]
        config = {"resources": ["all.yaml"], "labels": labels}
        (folder / "kustomization.yaml").write_text(json.dumps(config), encoding="utf-8")
        done = run("kustomize", "build", folder)
        assert done.returncode == 0, each.name + done.stderr
        built = strict.load_all(done.stdout)
        assert len(built) == len(each.objects)
        assert all(one["metadata"]["labels"]["team"] == "web" for one in built)


def test_promtool_accepts_the_rules_of_each_mode(
    modes: list[Rendering], run: Run, tmp_path: Path
) -> None:
    """Those of a PrometheusRule, and those of a ConfigMap."""
    files: list[Path] = []
    kinds = set()
    for each in [one for mode in modes for one in mode.objects]:
        for text in rules(each):
            kinds.add(each["kind"])
            files.append(tmp_path / f"{len(files)}.yaml")
            files[-1].write_text(text, encoding="utf-8")
    assert kinds == {"PrometheusRule", "ConfigMap"}
    done = run("promtool", "check", "rules", *files)
    assert done.returncode == 0, done.stdout + done.stderr


def rules(each: Object) -> list[str]:
    """The files of rules in an object."""
    if each["kind"] == "PrometheusRule":
        return [yaml.safe_dump(each["spec"])]
    if each["kind"] == "ConfigMap":
        return [text for text in each.get("data", {}).values() if text.startswith("groups:")]
    return []
