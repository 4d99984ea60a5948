"""k8s/examples agrees with the chart, the services' rights, and what the operators make."""

from typing import Any
from urllib.parse import urlsplit

import pytest
from splitflap_core.definitions import VARIABLES, definitions
from splitflap_core.settings import PREFIX

from . import strict
from .conftest import Rendered
from .helm import Manifests, Object
from .values import EXAMPLES

SERVICES = ("api", "scraper", "renderer")


def objects(path: str) -> dict[tuple[str, str], Object]:
    """The objects of a file by kind and name."""
    found = strict.load_all((EXAMPLES / path).read_text(encoding="utf-8"))
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


BROKER = objects("rabbitmq-operator/broker.yaml")
DATABASE = objects("cloudnative-pg/database.yaml")
CLUSTER = BROKER["RabbitmqCluster", "rabbit"]
POSTGRESQL = DATABASE["Cluster", "splitflap-db"]

#: The Secrets that the operators write beside their objects, and their entries.
MADE = {
    **{
        f"{name}-user-credentials": {"username", "password"}
        for kind, name in BROKER
        if kind == "User"
    },
    "splitflap-db-app": {"username", "password", "uri", "fqdn-uri"},
    "splitflap-db-ca": {"ca.crt"},
}


@pytest.fixture
def release(rendered: Rendered) -> Manifests:
    """The chart with the values of both operators."""
    return rendered("operators")


def egress(release: Manifests, component: str) -> list[Any]:
    """The peers that a component may reach."""
    rules = release.of("NetworkPolicy")[component]["spec"]["egress"]
    return [peer for rule in rules for peer in rule.get("to", [])]


def test_the_examples_grant_the_rights_of_the_definitions() -> None:
    """A right more would open the broker to a worker, a right less would stop it."""
    expected = definitions({PREFIX + name: name for name in VARIABLES})["permissions"]
    rights = {each.pop("user").partition("_")[0].lower(): each for each in expected}
    for service in SERVICES:
        spec = BROKER["Permission", f"splitflap-{service}"]["spec"]
        assert spec["userReference"] == {"name": f"splitflap-{service}"}
        assert {"vhost": "VHOST", **spec["permissions"]} == rights[service]
        assert ("User", f"splitflap-{service}") in BROKER
        assert spec["vhost"] == BROKER["Vhost", "splitflap"]["spec"]["name"]
    assert len([kind for kind, _ in BROKER if kind == "Permission"]) == len(rights)


def test_the_topology_is_in_the_releases_namespace_and_names_the_cluster() -> None:
    """The Secret of a User is beside the User. The cluster allows that namespace."""
    metadata = CLUSTER["metadata"]
    topology = [
        each for each in BROKER.values() if "rabbitmqClusterReference" in each.get("spec", {})
    ]
    reference = {"name": metadata["name"], "namespace": metadata["namespace"]}
    assert len(topology) == 7
    for each in topology:
        assert each["spec"]["rabbitmqClusterReference"] == reference
        assert each["metadata"]["namespace"] == "splitflap"
    assert metadata["annotations"]["rabbitmq.com/topology-allowed-namespaces"] == "splitflap"
    assert POSTGRESQL["metadata"]["namespace"] == "splitflap"
    assert {name for kind, name in [*BROKER, *DATABASE] if kind == "Namespace"} == {
        "splitflap",
        metadata["namespace"],
    }


def test_the_release_reads_only_secrets_that_the_operators_make(release: Manifests) -> None:
    """All of them are used: names, entries and mounts."""
    read = set()
    for pod in release.pods().values():
        spec = pod["spec"]
        variables = [each for container in spec["containers"] for each in container.get("env", [])]
        for each in variables:
            if reference := each.get("valueFrom", {}).get("secretKeyRef"):
                assert reference["key"] in MADE[reference["name"]]
                read.add(reference["name"])
        for volume in spec.get("volumes", []):
            if secret := volume.get("secret"):
                assert {each["key"] for each in secret["items"]} <= MADE[secret["secretName"]]
                read.add(secret["secretName"])
    assert read == set(MADE)


def test_pods_reach_the_cluster_of_rabbitmq_in_its_namespace(release: Manifests) -> None:
    """URL and policies name the same pods. Their label is the cluster's name."""
    metadata = CLUSTER["metadata"]
    for service in SERVICES:
        environ = {each["name"]: each for each in release.container(service)["env"]}
        url = urlsplit(environ["SPLITFLAP_BROKER_URL"]["value"])
        name, namespace, *rest = (url.hostname or "").split(".")
        assert (name, namespace, url.path) == (
            metadata["name"],
            metadata["namespace"],
            "/splitflap",
        )
        assert rest == ["svc", "cluster", "local", ""]
        assert {
            "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
            "podSelector": {"matchLabels": {"app.kubernetes.io/name": name}},
        } in egress(release, service)


def test_the_api_alone_reaches_postgresql_and_verifies_its_name(release: Manifests) -> None:
    """The pods have the operator's label, in the release's namespace. libpq checks the name."""
    peer = {"podSelector": {"matchLabels": {"cnpg.io/cluster": POSTGRESQL["metadata"]["name"]}}}
    for component in ("api", "migrate"):
        assert peer in egress(release, component)
        environ = {each["name"]: each for each in release.container(component)["env"]}
        assert environ["PGSSLMODE"]["value"] == "verify-full"
        assert environ["PGSSLROOTCERT"]["value"].endswith("/ca.crt")
    assert peer not in egress(release, "scraper") + egress(release, "renderer")
