"""charts/findings.yaml explains what kube-score and checkov find, and nothing else."""

import pytest

from tests.chart.helm import KUBERNETES

from .conftest import Run
from .findings import (
    Explanation,
    Finding,
    explanations,
    needless,
    of_checkov,
    of_kube_score,
    unexplained,
)
from .renderings import Rendering

FINDING = Finding("kube-score", "container-resources", "Deployment/api")
EXPLAINED = Explanation("kube-score", "container-resources", "Deployment/*")


@pytest.fixture(scope="session")
def findings(renderings: list[Rendering], run: Run) -> set[Finding]:
    """All findings, in every mode and example."""
    found = set()
    version = f"v{KUBERNETES.rpartition('.')[0]}"
    for each in renderings:
        scored = run(
            "kube-score", "score", "-o", "json", "--kubernetes-version", version, each.file
        )
        found |= set(of_kube_score(scored.stdout, each))
    files = [argument for each in renderings for argument in ("-f", each.file)]
    options = ("--framework", "kubernetes", "--skip-download", "--compact", "-o", "json")
    return found | set(of_checkov(run("checkov", *options, *files).stdout, renderings))


def test_each_finding_has_an_explanation(findings: set[Finding]) -> None:
    """Mend the chart, or say in charts/findings.yaml why the finding stays."""
    assert unexplained(findings, explanations()) == set()


def test_each_explanation_has_a_finding(findings: set[Finding]) -> None:
    """Remove an explanation of what no tool finds any more."""
    assert needless(findings, explanations()) == set()


def test_an_explanation_is_for_a_check_of_some_objects() -> None:
    """Other objects, checks and tools need explanations of their own."""
    others = {
        FINDING._replace(object="StatefulSet/api"),
        FINDING._replace(check="pod-probes"),
        FINDING._replace(tool="checkov"),
    }
    assert unexplained({FINDING, *others}, [EXPLAINED]) == others
    assert needless(others, [EXPLAINED]) == {EXPLAINED}
    assert needless({FINDING}, [EXPLAINED]) == set()
