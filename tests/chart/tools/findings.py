"""What kube-score and checkov find, and charts/findings.yaml, which explains it."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any, NamedTuple

import yaml

from tests.chart.helm import ROOT

from .renderings import Rendering

#: The file of the explanations.
EXPLANATIONS = ROOT / "charts" / "findings.yaml"

#: kube-score's grade of a check without a finding.
GOOD = 10


class Finding(NamedTuple):
    """A check that an object fails."""

    tool: str
    check: str
    #: The kind with the component, or with the object's name: Deployment/api.
    object: str


@dataclass(frozen=True)
class Explanation:
    """Why a finding stays."""

    tool: str
    check: str
    #: A pattern of objects, such as Deployment/*.
    objects: str

    def fits(self, finding: Finding) -> bool:
        """Whether this explains a finding."""
        return finding[:2] == (self.tool, self.check) and fnmatchcase(finding.object, self.objects)


def explanations() -> list[Explanation]:
    """All explanations, one for each pattern of objects."""
    found = yaml.safe_load(EXPLANATIONS.read_text(encoding="utf-8"))
    assert all(each["why"] for each in found)
    return [
        Explanation(tool, check, objects)
        for each in found
        for tool, checks in each["checks"].items()
        for check in checks
        for objects in each["objects"]
    ]


def unexplained(findings: Iterable[Finding], known: Iterable[Explanation]) -> set[Finding]:
    """The findings without an explanation."""
    known = list(known)
    return {each for each in findings if not any(one.fits(each) for one in known)}


def needless(findings: Iterable[Finding], known: Iterable[Explanation]) -> set[Explanation]:
    """The explanations without a finding."""
    findings = list(findings)
    return {each for each in known if not any(map(each.fits, findings))}


def of_kube_score(output: str, rendering: Rendering) -> Iterator[Finding]:
    """The findings in kube-score's JSON."""
    for each in json.loads(output) or []:
        name = rendering.name_of(each["type_meta"]["kind"], each["object_meta"]["name"])
        for check in each["checks"] or []:
            if not check["skipped"] and check["grade"] < GOOD:
                yield Finding("kube-score", check["check"]["id"], name)


def of_checkov(output: str, renderings: Iterable[Rendering]) -> Iterator[Finding]:
    """The findings in checkov's JSON."""
    report: dict[str, Any] = json.loads(output)
    files = {str(each.file): each for each in renderings}
    for check in report["results"]["failed_checks"]:
        kind, _, rest = check["resource"].partition(".")
        rendering = files[check["file_abs_path"]]
        name = rest.partition(".")[2]
        yield Finding("checkov", check["check_id"], rendering.name_of(kind, name))
