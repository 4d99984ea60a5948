"""The pods: their settings, their security, their stop."""

import re
from typing import Any

import pytest
from splitflap_api.settings import ApiSettings
from splitflap_core.settings import CommonSettings, load
from splitflap_renderer.settings import RendererSettings
from splitflap_scraper.process.settings import ScraperSettings

from .conftest import Rendered
from .helm import ROOT, Helm, Manifests, merged
from .values import DEV, HELD, MODES, OUTSIDE, PASSWORD

KINDS: dict[str, type[CommonSettings]] = {
    "api": ApiSettings,
    "outcomes": ApiSettings,
    "scraper": ScraperSettings,
    "renderer": RendererSettings,
}

SERVICES = [*KINDS]


@pytest.mark.parametrize("component", KINDS)
@pytest.mark.parametrize("mode", MODES)
def test_each_service_accepts_its_environment(
    rendered: Rendered, mode: str, component: str
) -> None:
    """The service's own settings read the variables of its container, with Secrets resolved."""
    manifests = rendered(mode)
    if component not in manifests.pods():
        pytest.skip("not in this mode")
    environ = manifests.environ(component, HELD)
    environ.pop("SPLITFLAP_SCRAPER_CA_FILE", None)  # its file exists only in the pod
    settings = load(KINDS[component], environ)
    assert settings.broker.startswith("amqp")
    assert "@" in settings.broker


def test_passwords_reach_the_services_unchanged(rendered: Rendered) -> None:
    """This holds for passwords in values and in Secrets."""
    for mode in ("outside", "secrets"):
        environ = rendered(mode).environ("scraper", HELD)
        assert environ["SPLITFLAP_BROKER_PASSWORD"] == PASSWORD
    assert rendered("outside").environ("api", HELD)["PGPASSWORD"] == PASSWORD


def test_passwords_are_in_secrets_only(manifests: Manifests) -> None:
    """The manifests of the pods have no passwords."""
    shown = str(list(manifests.pods().values()))
    for password in (PASSWORD, "dev-api", "dev-database", "a-key-of-sixteen", "owner's"):
        assert password not in shown


def test_each_service_has_its_own_secret(rendered: Rendered) -> None:
    """The Secret has only that service's password. Workers have none of the database."""
    secrets = rendered("full").of("Secret")
    assert set(secrets["scraper"]["stringData"]) == {"broker-password"}
    assert set(secrets["renderer"]["stringData"]) == {"broker-password"}
    assert rendered("secrets").of("Secret") == {}


def test_a_url_with_a_user_goes_into_a_secret(helm: Helm) -> None:
    """A managed broker or database gives such a URL."""
    broker, database = "amqps://u:p@b.example.com:5671/v", "postgresql://u:p@d.example.com/db"
    urls = {"broker": {"url": broker}, "database": {"url": database}}
    manifests = helm.render(merged(OUTSIDE, urls))
    assert "u:p@" not in str(manifests.pods())
    for component in ("scraper", "renderer", "api"):
        environ = manifests.environ(component, {})
        assert environ["SPLITFLAP_BROKER_URL"] == broker
        assert "SPLITFLAP_BROKER_USER" not in environ
    assert manifests.environ("migrate", {})["SPLITFLAP_DATABASE_URL"] == database


def test_certificates_are_mounted_at_the_configured_paths(rendered: Rendered) -> None:
    """Broker, database and pages have certificates. The database's name is verified."""
    manifests = rendered("full")
    api, scraper = manifests.environ("api", {}), manifests.environ("scraper", {})
    assert api["SPLITFLAP_BROKER_CA_FILE"] == "/etc/splitflap/broker-ca/ca.crt"
    assert api["PGSSLROOTCERT"] == "/etc/splitflap/database-ca/root.pem"
    assert api["PGSSLMODE"] == "verify-full"
    assert scraper["SPLITFLAP_SCRAPER_CA_FILE"] == "/etc/splitflap/pages-ca/ca.crt"
    for component, names in {
        "api": ["broker-ca", "database-ca"],
        "migrate": ["database-ca"],
        "scraper": ["broker-ca", "pages-ca"],
        "renderer": ["broker-ca"],
    }.items():
        mounts = manifests.container(component)["volumeMounts"]
        found = [each["mountPath"] for each in mounts if each["name"].endswith("-ca")]
        assert found == [f"/etc/splitflap/{name}" for name in names]


def test_large_numbers_have_no_exponent(helm: Helm) -> None:
    """A service cannot read 2e+06 as a whole number."""
    settings = {"settings": {"childTexts": 2_000_000, "renderDeadline": 2.5}}
    environ = helm.render(merged(DEV, {"renderer": settings})).environ("renderer", {})
    assert environ["SPLITFLAP_CHILD_TEXTS"] == "2000000"
    assert environ["SPLITFLAP_RENDER_DEADLINE"] == "2.5"


def test_a_switch_reaches_its_service_when_it_is_off(helm: Helm) -> None:
    """A service reads `false` as a boolean."""
    environ = helm.render(merged(DEV, {"api": {"settings": {"breaks": False}}})).environ("api", {})
    assert environ["SPLITFLAP_BREAKS"] == "false"


def test_every_pod_is_restricted(manifests: Manifests) -> None:
    """They satisfy the Pod Security Standard `restricted`, and have a read-only root."""
    for name, pod in manifests.pods().items():
        spec = pod["spec"]
        assert spec["automountServiceAccountToken"] is False, name
        security = spec["securityContext"]
        assert security["runAsNonRoot"] is True
        # The images have a numeric user. OpenShift chooses one if there is none here.
        ids = dict.fromkeys(("runAsUser", "runAsGroup", "fsGroup"), 999)
        server = name in {"rabbitmq", "postgresql"}
        found = {key: security[key] for key in ids if key in security}
        assert found in ({}, ids if server else {})
        assert security["seccompProfile"] == {"type": "RuntimeDefault"}
        assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
        for container in [*spec["containers"], *spec.get("initContainers", [])]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert "memory" in container["resources"]["limits"]
    for account in manifests.of("ServiceAccount").values():
        assert account["automountServiceAccountToken"] is False


def test_the_servers_of_the_chart_give_up_their_user(helm: Helm) -> None:
    """OpenShift chooses the users of all pods. Elsewhere the images would start as root."""
    for server in ("rabbitmq", "postgresql"):
        security = helm.render(DEV).pods()[server]["spec"]["securityContext"]
        assert security["runAsUser"] == security["fsGroup"] == 999
    values = {"rabbitmq": {"userId": 0}, "postgresql": {"userId": 0}}
    for pod in helm.render(merged(DEV, values)).pods().values():
        assert pod["spec"]["securityContext"].keys() == {"runAsNonRoot", "seccompProfile"}


@pytest.mark.parametrize("service", ["api", "renderer", "scraper", "web"])
def test_an_image_has_a_numeric_user(service: str) -> None:
    """Kubernetes cannot tell from a name whether `runAsNonRoot` holds."""
    text = (ROOT / "services" / service / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (.*)$", text, re.MULTILINE)[-1] == "10001:10001"


def test_probes_use_the_health_port(manifests: Manifests) -> None:
    """Each service has a startup, a liveness and a readiness probe."""
    for component in {"web", *SERVICES} & manifests.pods().keys():
        container = manifests.container(component)
        for probe, path in {
            "startupProbe": "/healthz",
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }.items():
            assert container[probe]["httpGet"] == {"path": path, "port": "health"}


@pytest.mark.parametrize(
    ("component", "grace", "expected"),
    [("api", 25, 60), ("outcomes", 25, 55), ("scraper", 40.5, 51), ("renderer", 25, 35)],
)
def test_the_termination_grace_covers_the_whole_stop(
    helm: Helm, component: str, grace: float, expected: int
) -> None:
    """It covers preStop, the service's stopGrace, and the steps after it."""
    service = "api" if component == "outcomes" else component
    values = {"outcomes": {"enabled": True}, service: {"settings": {"stopGrace": grace}}}
    spec = helm.render(merged(DEV, values)).pods()[component]["spec"]
    assert spec["terminationGracePeriodSeconds"] == expected
    assert ("lifecycle" in spec["containers"][0]) == (component == "api")


def test_a_single_pod_can_be_drained(rendered: Rendered) -> None:
    """A budget for the only pod would block the drain of its node."""
    for budget in rendered("dev").of("PodDisruptionBudget").values():
        assert budget["spec"]["maxUnavailable"] == 1
        assert "minAvailable" not in budget["spec"]
        assert budget["spec"]["unhealthyPodEvictionPolicy"] == "AlwaysAllow"


def test_each_replica_set_is_spread_alone(rendered: Rendered) -> None:
    """The old pods of an upgrade do not count for the spread over zones and nodes."""
    manifests = rendered("full")
    for component in ("web", *SERVICES):
        pod = manifests.pods()[component]
        for each in pod["spec"]["topologySpreadConstraints"]:
            assert each["matchLabelKeys"] == ["pod-template-hash"]
            assert each["labelSelector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()


@pytest.mark.parametrize("separate", [False, True])
def test_every_role_has_a_deployment(helm: Helm, separate: bool) -> None:
    """The roles web and outcomes are in one Deployment or in two."""
    manifests = helm.render(merged(DEV, {"outcomes": {"enabled": separate}}))
    roles = {
        component: manifests.environ(component, {})["SPLITFLAP_API_ROLES"]
        for component in ("api", "outcomes")
        if component in manifests.pods()
    }
    both = {"api": "web", "outcomes": "outcomes"} if separate else {"api": "web,outcomes"}
    assert roles == both


def test_host_names_of_the_chart_end_with_a_dot(rendered: Rendered) -> None:
    """Resolvers then skip the search domains."""
    environ = rendered("dev").environ("api", {})
    assert environ["SPLITFLAP_BROKER_URL"] == (
        "amqp://r-splitflap-rabbitmq.ns.svc.cluster.local.:5672/splitflap"
    )
    assert environ["SPLITFLAP_DATABASE_URL"] == (
        "postgresql://r-splitflap-postgresql.ns.svc.cluster.local.:5432/splitflap"
    )


def test_scrapers_get_their_largest_number(helm: Helm) -> None:
    """It includes the surge of an upgrade, and the maximum of the autoscaler."""

    def replicas_of(**values: Any) -> str:
        manifests = helm.render(merged(DEV, values))
        return str(manifests.environ("scraper", HELD)["SPLITFLAP_SCRAPER_REPLICAS"])

    assert replicas_of(scraper={"replicas": 4}) == "5"
    assert replicas_of(scraper={"replicas": 1}) == "2"
    assert replicas_of(autoscaling={"mode": "hpa", "scraper": {"maxReplicas": 8}}) == "10"
    assert replicas_of(scraper={"settings": {"scraperReplicas": 3}}) == "3"


@pytest.mark.parametrize("component", ["api", "outcomes", "scraper", "renderer"])
def test_the_api_knows_the_networks_of_the_scraper(rendered: Rendered, component: str) -> None:
    """It checks the addresses of images in previews."""
    environ = rendered("full").environ(component, {})
    networks = {
        "SPLITFLAP_SCRAPER_ALLOW_NETS": "10.1.0.0/16",
        "SPLITFLAP_SCRAPER_NAT64": "64:ff9b::/96",
    }
    assert (networks.items() <= environ.items()) == (component != "renderer")


def test_the_api_shares_settings_of_previews_with_the_workers(helm: Helm) -> None:
    """The values of the workers hold for the API too, unless it has its own."""

    def of(component: str, **values: Any) -> dict[str, Any]:
        shared = {
            "scraper": {"settings": {"scraperAllowHosts": "a.corp", "previewHosts": "b.corp"}},
            "renderer": {"settings": {"imageProxyUrl": "https://p.example/{hex}"}},
        }
        environ = helm.render(merged(DEV, shared, values)).environ(component, HELD)
        names = ("SCRAPER_ALLOW_HOSTS", "PREVIEW_HOSTS", "IMAGE_PROXY_URL", "IMAGE_PROXY_KEY")
        return {name: environ.get(f"SPLITFLAP_{name}") for name in names}

    assert list(of("api").values()) == ["a.corp", "b.corp", "https://p.example/{hex}", None]
    assert list(of("scraper").values()) == ["a.corp", "b.corp", None, None]
    own = {"settings": {"previewHosts": "c.corp", "imageProxyUrl": "/p/{hex}"}}
    assert list(of("api", api=own).values()) == ["a.corp", "c.corp", "/p/{hex}", None]
    signed = {"imageProxyUrl": "https://p.example/{digest}/{hex}"}
    # The key may be a Secret of the renderer alone. An API without it would not start.
    assert of("api", renderer={"settings": signed})["IMAGE_PROXY_URL"] is None
    with_key = of("api", renderer={"settings": {**signed, "imageProxyKey": "k"}})
    assert list(with_key.values())[2:] == [signed["imageProxyUrl"], "k"]
