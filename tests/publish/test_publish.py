"""Images and chart in a registry, and what their users verify."""

import base64
import json
import subprocess
from typing import Any

import pytest
import yaml

from .conftest import Site

TAG = "1.2.3-rc.1"

PLATFORMS = ("linux/amd64", "linux/arm64")


def attested(site: Site, reference: str, kind: str) -> Any:
    """The predicate of an attestation, as a user verifies it."""
    key = ("--key", str(site.folder / "cosign.pub"), "--insecure-ignore-tlog=true")
    output = site.run("cosign", "verify-attestation", *key, "--type", kind, reference)
    payload = json.loads(output.splitlines()[0])["payload"]
    return json.loads(base64.b64decode(payload))["predicate"]


def verify(site: Site, reference: str) -> None:
    """Verify a signature."""
    key = ("--key", str(site.folder / "cosign.pub"), "--insecure-ignore-tlog=true")
    site.run("cosign", "verify", *key, reference)


@pytest.mark.timeout(300)
def test_a_release_can_be_verified_and_is_published_once(site: Site) -> None:
    """One test, since each publishing takes 20 s: what is pushed, and what a second run does."""
    api, chart = f"{site.registry}/team/splitflap/api", f"{site.registry}/team/charts/splitflap"
    assert f"missing: {chart}:{TAG}" in site.publish(TAG, "--dry-run")
    assert site.builds() == []

    said = site.publish()
    pushed = dict(line.rsplit("@", 1) for line in said.splitlines() if "@sha256:" in line)
    assert set(pushed) == {f"{api}:{TAG}", f"{chart}:{TAG}"}
    index = json.loads(site.run("crane", "manifest", f"{api}:{TAG}"))
    platforms = {"{os}/{architecture}".format(**each["platform"]) for each in index["manifests"]}
    assert platforms == set(PLATFORMS)
    base = site.run("crane", "digest", f"{site.registry}/base/python:3.11").strip()
    revision = site.run("git", "rev-parse", "HEAD").strip()

    for reference in (f"{api}@{pushed[f'{api}:{TAG}']}", f"{chart}@{pushed[f'{chart}:{TAG}']}"):
        verify(site, reference)
        made = attested(site, reference, "slsaprovenance1")["buildDefinition"]
        git, *bases = made["resolvedDependencies"]
        assert git["digest"] == {"gitCommit": revision}
        found = [f"sha256:{each['digest']['sha256']}" for each in bases]
        assert found == ([base] if "api@" in reference else [])
    for each in index["manifests"]:
        one = f"{api}@{each['digest']}"
        verify(site, one)
        assert attested(site, one, "spdxjson")["spdxVersion"].startswith("SPDX-2")

    package = yaml.safe_load(site.run("helm", "show", "chart", *at(f"oci://{chart}")))
    images = yaml.safe_load(package["annotations"]["artifacthub.io/images"])
    assert images == [{"name": "api", "image": f"{api}:{TAG}@{pushed[f'{api}:{TAG}']}"}]
    values = yaml.safe_load(site.run("helm", "show", "values", *at(f"oci://{chart}")))
    assert values["image"]["registry"] == f"{site.registry}/team"

    builds = site.builds()
    again = site.publish()
    assert site.builds() == builds
    assert {line.split(":")[0] for line in again.splitlines()[1:-2]} == {"present"}
    assert again.splitlines()[-2:] == said.splitlines()[-2:]

    site.commit()
    with pytest.raises(subprocess.CalledProcessError) as refused:
        site.publish()
    assert "A published tag never moves" in refused.value.stderr


def at(chart: str) -> tuple[str, ...]:
    """Arguments of Helm for a chart of this registry."""
    return (chart, "--version", TAG, "--plain-http")


def test_a_registry_that_does_not_answer_is_named(site: Site) -> None:
    """Before anything is built."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        site.publish(registry="127.0.0.1:1")
    assert "The registry was not reached" in refused.value.stderr
    assert site.builds() == []


def test_a_base_that_cannot_be_pinned_is_refused(site: Site) -> None:
    """The message names the ways out."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        site.publish("1.2.3-rc.2", "--python-image", f"{site.registry}/base/none:1")
    assert "PYTHON_IMAGE" in refused.value.stderr
    assert site.builds() == []


@pytest.mark.parametrize("tag", ["9.9.9", "latest"])
def test_a_tag_belongs_to_its_commit(site: Site, tag: str) -> None:
    """Only a pre-release may name a commit without the tag of its version."""
    with pytest.raises(subprocess.CalledProcessError) as refused:
        site.publish(tag)
    assert f"not the release {tag}" in refused.value.stderr
