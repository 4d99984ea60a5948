"""Wrong values are refused with a message that says what to set."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from .helm import CHART, Helm, Values, ValuesRefused, merged
from .values import DEV, OUTSIDE

CIDR = {"cidr": "10.0.0.0/8"}

CASES: list[tuple[dict[str, Any], dict[str, Any], str]] = [
    (DEV, {"image": {"registry": ""}}, "set it to the registry that holds the images"),
    (DEV, {"rabbitmq": {"enabled": False}}, "There is no broker: set broker.url"),
    (OUTSIDE, {"rabbitmq": {"enabled": True}}, "two brokers, rabbitmq.enabled and broker.url"),
    (DEV, {"postgresql": {"enabled": False}}, "There is no database: set database.url"),
    (OUTSIDE, {"database": {"urlSecret": {"name": "s"}}}, "two databases, database.url and"),
    (DEV, {"broker": {"users": {"api": {"password": ""}}}}, "set broker.users.api.password"),
    (DEV, {"broker": {"users": {"api": {"existingSecret": "s"}}}}, "has two passwords"),
    (DEV, {"broker": {"users": {"api": {"username": "splitflap-scraper"}}}}, "share a broker user"),
    (DEV, {"database": {"user": {"password": ""}}}, "set database.user.password"),
    (OUTSIDE, {"migrate": {"user": {"username": "owner"}}}, "migrate.user is incomplete"),
    (DEV, {"bootstrapKeySecret": {"name": "s"}}, "two first keys"),
    (DEV, {"fullnameOverride": "1st"}, "1st cannot be the begin of a Service's name: set full"),
    (DEV, {"fullnameOverride": "a.b"}, "a.b cannot be the begin of a Service's name"),
    (DEV, {"nameOverride": "a.b"}, "r-a.b cannot be the begin of a Service's name"),
    (
        DEV,
        {"api": {"serviceAccount": {"name": "s"}}, "web": {"serviceAccount": {"name": "s"}}},
        "each create the ServiceAccount",
    ),
    (DEV, {"networkPolicy": {"egress": {"dns": {"to": [{}]}}}}, "/networkPolicy/egress/dns/to/0"),
    (
        DEV,
        {"networkPolicy": {"ingress": {"api": [{"ipBlock": {}}]}}},
        "/networkPolicy/ingress/api/0/ipBlock",
    ),
    # Without labels, a selector takes every namespace.
    (
        DEV,
        {"networkPolicy": {"ingress": {"web": [{"namespaceSelector": {"matchLabels": None}}]}}},
        "/networkPolicy/ingress/web/0/namespaceSelector/matchLabels",
    ),
    (
        DEV,
        {"networkPolicy": {"ingress": {"web": [{"namespaceSelector": {"name": "gateways"}}]}}},
        "additional properties 'name' not allowed",
    ),
    (
        DEV,
        {"networkPolicy": {"egress": {"broker": {"to": [{"ipBlock": CIDR, "podSelector": {}}]}}}},
        "/networkPolicy/egress/broker/to/0",
    ),
    (
        DEV,
        {"api": {"showPods": True, "serviceAccount": {"create": False}}},
        "set api.serviceAccount.name, or",
    ),
    (OUTSIDE, {"broker": {"url": "amqp://b:5672/v"}}, "set broker.url to amqps://"),
    (DEV, {"broker": {"ca": {"secret": "s"}}}, "set broker.url to amqps://"),
    (OUTSIDE, {"broker": {"ca": {"configMap": "c"}}}, "broker.ca has two sources"),
    (DEV, {"database": {"sslMode": "require"}}, "for an external database"),
    (DEV, {"scraper": {"settings": {"stopGrace": 10}}}, "too short for a job of 10 s"),
    (DEV, {"renderer": {"settings": {"stopGrace": 1}}}, "renderer.settings.stopGrace is 1 s"),
    (DEV, {"renderer": {"resources": {"limits": {"cpu": None}}}}, "renderer.resources.limits.cpu"),
    (OUTSIDE, {"broker": {"url": "amqps://b:5999/v"}}, "networkPolicy.egress.broker.ports"),
    (OUTSIDE, {"database": {"url": "postgresql://d:6432/v"}}, "egress.database.ports"),
    (OUTSIDE, {"database": {"url": "postgresql://a:6432,b/v"}}, "the database's port 6432"),
    (OUTSIDE, {"database": {"url": "postgresql://u:1@[fd00::1]:6432/v"}}, "port 6432: add it"),
    (OUTSIDE, {"networkPolicy": {"egress": {"broker": {"ports": [5672]}}}}, "broker's port 5671"),
    (
        merged(OUTSIDE, {"broker": {"url": "amqps://broker/v"}}),
        {"networkPolicy": {"egress": {"broker": {"ports": [5672]}}}},
        "the broker's port 5671",
    ),
    (DEV, {"tracing": {"endpoint": "http://c:4317"}}, "networkPolicy.egress.collector.ports"),
    (DEV, {"tracing": {"endpoint": "https://c/otlp"}}, "blocks the collector's port 443"),
    (
        DEV,
        {"scraper": {"serviceAccount": {"name": "r-splitflap-api"}}},
        "each create the ServiceAccount",
    ),
    (DEV, {"alerts": {"disabled": ["SplitflapShed"]}}, "SplitflapShed, but no alert has this name"),
    (
        DEV,
        {"metrics": {"podMonitor": {"enabled": True, "interval": "5s"}}},
        "scrapeTimeout is 10s, more than the interval of 5s",
    ),
    (DEV, {"ingress": {"enabled": True}}, "set ingress.hosts"),
    (DEV, {"httpRoute": {"enabled": True}}, "set httpRoute.parentRefs"),
    # Rules of the schema.
    (DEV, {"api": {"settings": {"maxInFlight": 0}}}, "/api/settings/maxInFlight"),
    (DEV, {"api": {"settings": {"max_in_flight": 9}}}, "max_in_flight"),
    (DEV, {"api": {"image": {"tag": 1.1}}}, "/api/image/tag"),
    (DEV, {"api": {"image": {"digest": "latest"}}}, "/api/image/digest"),
    (DEV, {"bootstrapKey": "short"}, "/bootstrapKey"),
    (OUTSIDE, {"broker": {"url": "http://b"}}, "/broker/url"),
    (OUTSIDE, {"database": {"url": "mysql://d/v"}}, "/database/url"),
    (DEV, {"scraper": {"allowNets": ["intranet"]}}, "/scraper/allowNets/0"),
    (DEV, {"autoscaling": {"mode": "auto"}}, "/autoscaling/mode"),
    (DEV, {"service": {"port": 70000}}, "/service/port"),
    (DEV, {"api": {"resources": {"limits": {"memory": "lots"}}}}, "/api/resources/limits/memory"),
    (DEV, {"pods": {"extraEnv": [{"name": "A", "value": 1}]}}, "/pods/extraEnv/0/value"),
    (DEV, {"api": {"extraEnv": [{"name": "A", "value": None}]}}, "/api/extraEnv/0/value"),
    (DEV, {"web": {"extraContainers": [{"name": None}]}}, "/web/extraContainers/0/name"),
    (DEV, {"httpRoute": {"parentRefs": [{"name": None}]}}, "/httpRoute/parentRefs/0/name"),
    (DEV, {"metrics": {"rabbitmqSelector": '{namespace="a"}'}}, "/metrics/rabbitmqSelector"),
    (DEV, {"dashboards": {"logs": "namespace=a"}}, "/dashboards/logs"),
]


@pytest.mark.parametrize(("good", "wrong", "message"), CASES)
def test_wrong_values_are_refused(
    helm: Helm, good: Values, wrong: dict[str, Any], message: str
) -> None:
    """Correct values are accepted (test_objects.py)."""
    with pytest.raises(ValuesRefused, match=re.escape(message)):
        helm.render(merged(good, wrong))


@pytest.mark.parametrize("release", ["1st", "a.b"])
def test_a_release_that_is_no_services_name_is_refused(helm: Helm, release: str) -> None:
    """Helm allows a digit at the begin, and dots. Another name for the objects helps."""
    with pytest.raises(ValuesRefused, match=f"{release}-splitflap cannot be .*fullnameOverride"):
        helm.render(DEV, release)
    assert [*helm.render(merged(DEV, {"fullnameOverride": "first"}), release)]


def test_one_rendering_reports_all_faults(helm: Helm) -> None:
    """One message lists all faults."""
    with pytest.raises(ValuesRefused) as refused:
        helm.render({})
    message = str(refused.value)
    assert "There is no broker" in message
    assert "There is no database" in message
    assert "image.registry" in message


def test_unknown_values_are_refused_at_every_level(helm: Helm) -> None:
    """Maps with free keys, such as labels, are the exception."""
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    levels = list(_levels(defaults, ()))
    assert len(levels) > 50
    with pytest.raises(ValuesRefused) as refused:
        helm.render(merged(DEV, *(_at(level, {"mispelled": "x"}) for level in levels)))
    reported = set(
        re.findall(
            r"at '([^']*)': additional properties 'mispelled' not allowed", f"{refused.value}"
        )
    )
    assert {"/" + "/".join(level) if level else "" for level in levels} - reported == set()


def test_the_schema_and_the_values_have_the_same_keys() -> None:
    """An additional key would be unused or undocumented. `enabled` is the parent chart's."""
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    defaults = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    assert set(schema["properties"]) - {"enabled"} == set(defaults)


#: Maps with free keys: labels, selectors, Kubernetes' own structures.
FREE = {
    *("commonLabels", "commonAnnotations", "global", "podSecurityContext", "securityContext"),
    *("annotations", "labels", "podLabels", "podAnnotations", "nodeSelector", "affinity"),
    *("requests", "limits", "metadata", "authenticationRef"),
}


def _levels(values: Mapping[str, Any], path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield path
    for name, value in values.items():
        if isinstance(value, Mapping) and name not in FREE:
            yield from _levels(value, (*path, name))


def _at(path: tuple[str, ...], value: dict[str, Any]) -> dict[str, Any]:
    for name in reversed(path):
        value = {name: value}
    return value
