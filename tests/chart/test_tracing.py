"""`tracing`: off by default; the variables of each service, and the way to the collector."""

import json

import pytest
from splitflap_core.settings import load
from splitflap_core.tracing.settings import PREFIX, TraceSettings

from .conftest import Rendered
from .helm import Helm, Manifests, merged
from .values import DEV

TRACED = merged(
    DEV,
    {
        "tracing": {
            "endpoint": "http://collector.monitoring:4318",
            "ratio": 0.00001,
            "headersSecret": {"name": "receiver"},
        },
        "outcomes": {"enabled": True},
        "networkPolicy": {"enabled": True, "egress": {"collector": {"ports": [4318, 443]}}},
    },
)

HELD = {"receiver": {"headers": "api-key=a%20word"}}


@pytest.fixture(scope="module")
def traced(helm: Helm) -> Manifests:
    """The objects with traces."""
    return helm.render(TRACED)


@pytest.mark.parametrize("mode", ["dev", "full"])
def test_traces_are_off_by_default(rendered: Rendered, mode: str) -> None:
    """No variable, and no way to a collector."""
    shown = json.dumps(list(rendered(mode)))
    assert "OTEL_" not in shown
    assert "4318" not in shown


@pytest.mark.parametrize("component", ["api", "outcomes", "scraper", "renderer"])
def test_each_service_reads_the_same_settings(traced: Manifests, component: str) -> None:
    """The secret comes from its Secret."""
    settings = load(TraceSettings, traced.environ(component, HELD), prefix=PREFIX)
    assert settings.url == "http://collector.monitoring:4318/v1/traces"
    assert settings.headers == {"api-key": "a word"}
    assert (settings.traces_sampler, settings.ratio) == ("parentbased_traceidratio", 0.00001)


def test_a_policy_lets_the_services_reach_the_collector(traced: Manifests) -> None:
    """The migration sends no spans."""
    policies = traced.of("NetworkPolicy")
    reaching = {each for each, policy in policies.items() if "4318" in str(policy["spec"])}
    assert reaching == {"api", "outcomes", "scraper", "renderer"}
