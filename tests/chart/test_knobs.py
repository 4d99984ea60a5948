"""The values of pods and of Services: for all, and for one component over them."""

import copy
from typing import Any

import pytest
import yaml

from .conftest import Rendered
from .helm import CHART, Helm, Manifests, Object, Values, ValuesRefused, merged
from .knobs import user_container
from .values import DEV, HELD, MODES

KNOBS, SOCKET = MODES["knobs"], MODES["socket"]

SHARED: dict[str, Any] = KNOBS["pods"]

#: All pods of the mode. Those of Deployments, and those that end.
PODS = {"web", "api", "outcomes", "scraper", "renderer", "rabbitmq", "postgresql"}
ENDING = {"migrate", "test"}

#: Values that a pod has as they are.
PLAIN = (
    *("nodeSelector", "tolerations", "affinity", "priorityClassName", "runtimeClassName"),
    *("dnsPolicy", "terminationGracePeriodSeconds", "hostAliases"),
)


@pytest.fixture(scope="module")
def knobs(rendered: Rendered) -> Manifests:
    """The objects of the mode with every value."""
    return rendered("knobs")


def named(items: list[Object], key: str = "name") -> dict[str, Object]:
    """A list by the names of its items."""
    return {each[key]: each for each in items}


def _named(name: str) -> Values:
    return {"extraContainers": [{"name": name, "image": "x:1"}]}


def containers(manifests: Manifests) -> list[tuple[str, Object]]:
    """The chart's own containers of all pods, init containers included."""
    return [
        (component, container)
        for component, pod in manifests.pods().items()
        for container in (*pod["spec"]["containers"], *pod["spec"].get("initContainers", []))
        if container["name"] not in {"sidecar", "first", "proxy"}
    ]


def test_this_mode_sets_every_value_of_pods() -> None:
    """A new value must be tested here."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert SHARED.keys() == defaults["pods"].keys()


def test_a_shared_value_reaches_every_pod(knobs: Manifests) -> None:
    """Also the migration's, the servers' and that of `helm test`."""
    assert knobs.pods().keys() == PODS | ENDING
    for component, pod in knobs.pods().items():
        spec, own = pod["spec"], KNOBS.get(component, {})
        assert pod["metadata"]["labels"]["team"] == "web"
        assert pod["metadata"]["annotations"]["mesh"] == "off"
        for name in set(PLAIN) - own.keys():
            assert spec[name] == SHARED[name], (component, name)
        assert spec["imagePullSecrets"] == [{"name": "r-pull"}]
        assert spec["dnsConfig"]["nameservers"] == ["10.0.0.10"]
        assert spec["dnsConfig"]["searches"] == ["example.com"]
        assert {"name": "more", "emptyDir": {}} in spec["volumes"]
        assert "first" in named(spec["initContainers"])
        container = spec["containers"][0]
        assert container["envFrom"] == [{"secretRef": {"name": "r-more", "optional": True}}]
        assert {"name": "more", "mountPath": "/more"} in container["volumeMounts"]
        if component != "scraper":
            proxy = named(container["env"])["HTTPS_PROXY"]
            assert proxy["value"] == "http://r-proxy:3128"


def test_a_further_container_does_not_keep_a_pod_that_ends(helm: Helm, knobs: Manifests) -> None:
    """The Job would never succeed. Its own value says that the container ends."""
    for component, pod in knobs.pods().items():
        found = [each["name"] for each in pod["spec"]["containers"][1:]]
        assert found == ([] if component in ENDING else ["sidecar"])
    own = {"migrate": {"extraContainers": [user_container("own", "own:1")]}}
    pod = helm.render(merged(KNOBS, own)).pods()["migrate"]["spec"]
    assert [each["name"] for each in pod["containers"]] == ["migrate", "own"]


def test_an_own_value_replaces_the_shared_one(knobs: Manifests) -> None:
    """Also with an empty one. Items join the shared ones by name, or replace them."""
    pods = knobs.pods()
    scraper = pods["scraper"]["spec"]
    assert not {"runtimeClassName", "tolerations"} & scraper.keys()
    assert scraper["nodeSelector"] == {"disk": "hdd"}
    assert named(scraper["dnsConfig"]["options"]).keys() == {"ndots", "edns0"}
    assert named(scraper["dnsConfig"]["options"])["ndots"]["value"] == "2"
    assert named(pods["api"]["spec"]["dnsConfig"]["options"])["ndots"]["value"] == "1"
    found = [(each["name"], each["image"]) for each in scraper["initContainers"]]
    assert found == [("first", "first:2"), ("proxy", "proxy:1")]
    env = [each for each in scraper["containers"][0]["env"] if each["name"] == "HTTPS_PROXY"]
    assert env == [{"name": "HTTPS_PROXY", "value": "http://other:3128"}]
    aliases = named(pods["api"]["spec"]["hostAliases"], "ip")
    assert aliases.keys() == {"10.0.0.1", "10.0.0.2"}


def test_numbers_of_probes_are_merged_with_the_charts(knobs: Manifests) -> None:
    """What a probe asks stays the chart's."""
    for component in PODS:
        container = knobs.container(component)
        assert container["startupProbe"]["failureThreshold"] == 99
        assert container["startupProbe"]["periodSeconds"] == 2
        delay = container["livenessProbe"]["initialDelaySeconds"]
        assert delay == (0 if component == "scraper" else 7)
        assert container["livenessProbe"]["terminationGracePeriodSeconds"] == 9
        assert container["readinessProbe"]["periodSeconds"] == 11
        assert container["readinessProbe"]["successThreshold"] == 2
        for probe in ("startupProbe", "livenessProbe", "readinessProbe"):
            assert len({"httpGet", "tcpSocket", "exec"} & container[probe].keys()) == 1


def test_a_strategy_replaces_the_charts(helm: Helm, knobs: Manifests) -> None:
    """Without a surge there are no more scrapers in an upgrade."""
    deployments = knobs.of("Deployment")
    for component, each in deployments.items():
        strategy = each["spec"]["strategy"]
        if component == "outcomes":
            assert strategy == {"type": "Recreate"}
        else:
            assert strategy["rollingUpdate"] == {"maxSurge": 0, "maxUnavailable": 1}
    assert knobs.of("StatefulSet")["rabbitmq"]["spec"]["updateStrategy"] == {"type": "OnDelete"}

    def scrapers(**strategy: Any) -> str:
        values = {"scraper": {"replicas": 4, "strategy": strategy}}
        environ = helm.render(merged(DEV, values)).environ("scraper", {})
        return environ["SPLITFLAP_SCRAPER_REPLICAS"]

    assert scrapers(type="Recreate") == "4"
    assert scrapers(rollingUpdate={"maxSurge": 3}) == "7"
    assert scrapers(rollingUpdate={"maxSurge": "30%"}) == "6"


@pytest.mark.parametrize("mode", ["knobs", "dev"])
def test_one_value_gives_every_container_a_limit_of_cpu(helm: Helm, mode: str) -> None:
    """A quota on limits.cpu refuses a pod if one container has none."""
    values = (
        KNOBS if mode == "knobs" else merged(DEV, {"pods": {"resources": {"limits": {"cpu": 1}}}})
    )
    found = containers(helm.render(values))
    assert len(found) == len(PODS | ENDING) + 1 - (mode == "dev")  # RabbitMQ's init container
    for component, container in found:
        for kind in ("requests", "limits"):
            assert container["resources"][kind].keys() == {"cpu", "memory"}, component
        assert container["resources"]["limits"]["cpu"] == 1


def test_each_container_has_limits_of_its_own(helm: Helm) -> None:
    """They win over those for all. nginx starts a process for each CPU."""
    own = {"resources": {"limits": {"cpu": "1500m"}}}
    values = merged(KNOBS, {
        **dict.fromkeys(PODS | {"migrate", "helmTest"}, own),
        "rabbitmq": {**own, "definitionsResources": own["resources"]},
    })  # fmt: skip
    manifests = helm.render(values)
    assert {each["resources"]["limits"]["cpu"] for _, each in containers(manifests)} == {"1500m"}
    assert manifests.environ("web", {})["WEB_PROCESSES"] == "2"


def test_every_object_has_the_common_annotations(knobs: Manifests) -> None:
    """An object's own ones win."""
    own = {"NetworkPolicy": "network", "HorizontalPodAutoscaler": "sre"}
    for each in knobs:
        component = each["metadata"]["labels"]["app.kubernetes.io/component"]
        them = (each["kind"], component) in {("Service", "api"), ("StatefulSet", "rabbitmq")}
        expected = "them" if them else own.get(each["kind"], "me")
        assert each["metadata"]["annotations"]["owner"] == expected
    job = knobs.of("Job")["migrate"]["metadata"]
    assert job["annotations"]["argocd.argoproj.io/hook"] == "Sync"


def test_a_service_has_its_values(knobs: Manifests) -> None:
    """`service` is that of the API, `web.service` that of the page."""
    spec = copy.deepcopy(knobs.of("Service")["api"]["spec"])
    [port] = spec.pop("ports")
    assert port["nodePort"] == 30080
    del spec["selector"]
    wanted = {key: value for key, value in KNOBS["service"].items() if key != "annotations"}
    assert spec == {key: value for key, value in wanted.items() if key != "nodePort"}
    assert knobs.of("Service")["web"]["spec"]["clusterIP"] == "None"
    plain = knobs.of("Service")["postgresql"]["spec"]
    assert plain.keys() == {"selector", "ports"}


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"pods": {"livenessProbe": {"httpGet": {"path": "/"}}}}, "httpGet"),
        ({"api": {"tolerations": None}}, "/api/tolerations"),
        ({"api": {"hostAlias": []}}, "hostAlias"),
        ({"api": {"dnsPolicy": "None"}}, "pods of api have no DNS server: set api.dnsConfig"),
        ({"web": {"strategy": {"rollingUpdate": {"maxSurge": "0%"}}}}, "web.strategy allows"),
        ({"pods": {"resources": {"limits": {"cpu": "60m"}}}}, "rabbitmq.resources requests 100m"),
        ({"outcomes": {"enabled": True, **_named("api")}}, "two containers with the name api"),
        ({"rabbitmq": _named("definitions")}, "rabbitmq has two containers with the name def"),
        ({"pods": _named("x"), "api": {"initContainers": [{"name": "x"}]}}, "api has two cont"),
        ({"service": {"nodePort": 30080}}, "service.nodePort has no effect with the type Clus"),
        ({"web": {"service": {"loadBalancerClass": "x"}}}, "web.service.loadBalancerClass has no"),
        ({"service": {"type": "NodePort", "clusterIP": "None"}}, "service.clusterIP is None"),
        ({"service": {"ipFamilyPolicy": "PreferDualStack"}}, 'set listenAddress to "::"'),
        ({"web": {"service": {"ipFamilies": ["IPv6"]}}}, "web.service may get an IPv6 address"),
        (
            {"service": {"ipFamilyPolicy": "SingleStack", "ipFamilies": ["IPv4", "IPv6"]}},
            "service.ipFamilies has two families",
        ),
    ],
)
def test_what_kubernetes_would_refuse_later_is_refused(
    helm: Helm, wrong: dict[str, Any], message: str
) -> None:
    """The message names the value."""
    with pytest.raises(ValuesRefused, match=message):
        helm.render(merged(DEV, wrong))


def test_names_of_secrets_and_hosts_may_be_templates(rendered: Rendered) -> None:
    """One file of values then serves several releases."""
    manifests = rendered("socket")
    assert "{{" not in str(list(manifests))
    text = str(list(manifests.pods().values()))
    for name in ("splitflap-users", "r-first", "r-ca", "r-otlp"):
        assert f"'{name}'" in text
    rule = manifests.of("Ingress")["web"]["spec"]
    assert rule["rules"][0]["host"] == "r.example.com"
    assert rule["tls"] == [{"secretName": "r-tls", "hosts": ["r.example.com"]}]
    assert manifests.of("HTTPRoute")["web"]["spec"]["hostnames"] == ["r.example.com"]


def test_what_a_template_gives_stays_a_text(helm: Helm) -> None:
    """Whatever characters it has, and if it looks like a number. So does the text around it."""
    texts = {
        "NUMBER": ("1.{{ .Values.global.minor }}", "1.5"),
        "QUOTES": ("{{ .Values.global.quotes }}", 'it\'s: a "text" # no comment'),
        "BESIDE": ("it's\t{{ .Release.Name | quote }}", 'it\'s\t"r"'),
        "LINES": ("{{ .Values.global.lines }}", "a\nb"),
    }
    values = {
        "global": {"minor": 5, "quotes": texts["QUOTES"][1], "lines": texts["LINES"][1]},
        "api": {
            "podLabels": {"version": "1.{{ .Values.global.minor }}"},
            "extraEnv": [{"name": name, "value": text} for name, (text, _) in texts.items()],
            "extraContainers": [user_container("own", "own:1", args=["{{ .Release.Name }}", "5"])],
        },
    }
    pod = helm.render(merged(DEV, values)).pods()["api"]
    env = named(pod["spec"]["containers"][0]["env"])
    assert {name: env[name]["value"] for name in texts} == {
        n: made for n, (_, made) in texts.items()
    }
    assert pod["metadata"]["labels"]["version"] == "1.5"
    assert pod["spec"]["containers"][1]["args"] == ["r", "5"]


def test_a_template_must_give_a_secret_a_name(helm: Helm) -> None:
    """A pod with an empty one would wait for it. A number is a name."""
    secret = {"image": {"pullSecrets": [{"name": "{{ .Values.global.pull }}"}]}}
    with pytest.raises(ValuesRefused, match=r"{{ .Values.global.pull }} gives an empty name"):
        helm.render(merged(DEV, secret))
    pods = helm.render(merged(DEV, secret, {"global": {"pull": "123"}})).pods()
    assert pods["api"]["spec"]["imagePullSecrets"] == [{"name": "123"}]


def test_a_database_by_socket_needs_no_host_and_no_password(helm: Helm, rendered: Rendered) -> None:
    """The proxy runs beside the migration too, and its way out is open."""
    manifests = rendered("socket")
    for component in ("api", "migrate"):
        spec = manifests.pods()[component]["spec"]
        env = named(spec["containers"][0]["env"])
        assert env["SPLITFLAP_DATABASE_URL"]["value"] == SOCKET["database"]["url"]
        assert env["PGUSER"]["value"] == "api@team.iam"
        assert "PGPASSWORD" not in env
        [proxy] = spec["initContainers"]
        assert proxy["restartPolicy"] == "Always"
        assert "/cloudsql" in named(spec["containers"][0]["volumeMounts"], "mountPath")
        egress = manifests.of("NetworkPolicy")[component]["spec"]["egress"]
        assert {3307, 443} <= {port["port"] for rule in egress for port in rule["ports"]}
    with_password = helm.render(merged(SOCKET, {"database": {"user": {"password": "p"}}}))
    assert with_password.environ("api", HELD)["PGPASSWORD"] == "p"
    for url in ("postgresql://db.example.com:5432/x?host=/y", "postgresql://db.example.com/x"):
        with pytest.raises(ValuesRefused, match=r"set database\.user\.password"):
            helm.render(merged(SOCKET, {"database": {"url": url}}))
    whole = {"database": {"url": "postgresql:///splitflap?host=/cloudsql/x&password=secret"}}
    hidden = helm.render(merged(SOCKET, whole))
    assert "password=secret" not in str(hidden.pods())
    with pytest.raises(ValuesRefused, match="/database/url"):
        helm.render(merged(SOCKET, {"database": {"url": "postgresql:///splitflap"}}))


@pytest.mark.parametrize("web", [True, False])
def test_helm_test_works_where_all_other_connections_are_denied(helm: Helm, web: bool) -> None:
    """Its policy lets it out to DNS and the first pod of a request, whose policy lets it in."""
    front, port = ("web", 8080) if web else ("api", 8000)
    gateway = [{"ipBlock": {"cidr": "192.0.2.1/32"}}]
    closed = {"ingress": {"web": gateway, "api": gateway}}
    values = merged(DEV, {"web": {"enabled": web}, "networkPolicy": closed})
    manifests = helm.render(values)
    policies, pods = manifests.of("NetworkPolicy"), manifests.pods()
    labels = {name: pod["metadata"]["labels"] for name, pod in pods.items()}
    policy = policies["test"]["spec"]
    assert policy["podSelector"]["matchLabels"].items() <= labels["test"].items()
    assert policy["ingress"] == []
    dns, out = policy["egress"]
    assert {(each["port"], each["protocol"]) for each in dns["ports"]} == {(53, "UDP"), (53, "TCP")}
    assert out["ports"] == [{"port": port, "protocol": "TCP"}]
    assert out["to"][0]["podSelector"]["matchLabels"].items() <= labels[front].items()
    admitted = [
        peer["podSelector"]["matchLabels"]
        for rule in policies[front]["spec"]["ingress"]
        if rule["ports"] == out["ports"]
        for peer in rule["from"]
        if "podSelector" in peer
    ]
    assert any(each.items() <= labels["test"].items() for each in admitted)
    host = manifests.environ("test", {})["API"]
    service = manifests.of("Service")[front]
    assert host == (
        f"http://{service['metadata']['name']}.ns.svc.cluster.local.:"
        f"{service['spec']['ports'][0]['port']}"
    )
