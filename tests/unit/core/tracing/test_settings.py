"""The variables of OpenTelemetry."""

from pathlib import Path

import pytest
from splitflap_core.settings import BadSettings, load, masked
from splitflap_core.telemetry import Metrics
from splitflap_core.tracing.settings import PREFIX, TraceSettings
from splitflap_core.tracing.setup import Tracing, resource_of

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"


def read(**environ: str) -> TraceSettings:
    """These settings; the names are without their prefix."""
    return load(
        TraceSettings, {f"OTEL_{name}": each for name, each in environ.items()}, prefix=PREFIX
    )


def test_traces_are_off_without_an_endpoint() -> None:
    """The switch of the standard turns them off with one."""
    assert read().url is None
    assert read(EXPORTER_OTLP_ENDPOINT="http://c:4318", SDK_DISABLED="true").url is None
    off = Tracing("api", Metrics("api"), "filesystem://", {})
    assert off.tracer is None
    off.start()
    off.stop(1)
    assert Tracing("api", Metrics("api"), "filesystem://", {ENDPOINT: "http://c:4318"}).tracer


@pytest.mark.parametrize(
    ("base", "whole", "url"),
    [
        ("http://c:4318", "", "http://c:4318/v1/traces"),
        ("http://c:4318/", "", "http://c:4318/v1/traces"),
        ("https://c/otlp", "", "https://c/otlp/v1/traces"),
        ("http://c:4318", "http://d:1/x", "http://d:1/x"),
        ("", "http://d:1", "http://d:1/"),
    ],
)
def test_the_url_follows_the_protocol(base: str, whole: str, url: str) -> None:
    """The whole URL for traces is used as it is."""
    assert read(EXPORTER_OTLP_ENDPOINT=base, EXPORTER_OTLP_TRACES_ENDPOINT=whole).url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("EXPORTER_OTLP_ENDPOINT", "collector:4318"),
        ("EXPORTER_OTLP_ENDPOINT", "http://user:secret-word@c:4318"),
        ("EXPORTER_OTLP_ENDPOINT", "http://c:99999"),
        ("EXPORTER_OTLP_TRACES_ENDPOINT", "ftp://c"),
        ("EXPORTER_OTLP_PROTOCOL", "grpc"),
        ("EXPORTER_OTLP_HEADERS", "secret-word"),
        ("EXPORTER_OTLP_HEADERS", "a=secret-word%0d%0ax: y"),
        ("EXPORTER_OTLP_HEADERS", "a b=secret-word"),
        ("EXPORTER_OTLP_CERTIFICATE", "/nowhere/ca.pem"),
        ("EXPORTER_OTLP_TIMEOUT", "0"),
        ("RESOURCE_ATTRIBUTES", "team"),
        ("TRACES_SAMPLER", "jaeger_remote"),
        ("TRACES_SAMPLER_ARG", "1.5"),
        ("TRACES_SAMPLER_ARG", "nan"),
        ("SDK_DISABLED", "perhaps"),
    ],
)
def test_a_wrong_value_is_refused_by_its_name(name: str, value: str) -> None:
    """No message quotes a secret."""
    with pytest.raises(BadSettings, match=f"OTEL_{name}: ") as refused:
        read(**{name: value})
    if "HEADERS" in name:
        assert "secret-word" not in str(refused.value)


@pytest.mark.parametrize(
    ("sampler", "ratio"),
    [
        ("always_on", 1.0),
        ("always_off", 0.0),
        ("traceidratio", 0.25),
        ("parentbased_always_on", 1.0),
        ("parentbased_always_off", 0.0),
        ("parentbased_traceidratio", 0.25),
    ],
)
def test_each_sampler_of_the_standard_has_its_ratio(sampler: str, ratio: float) -> None:
    """The argument counts for those with a ratio."""
    assert read(TRACES_SAMPLER=sampler, TRACES_SAMPLER_ARG="0.25").ratio == ratio


def test_lists_are_decoded_and_headers_hidden(tmp_path: Path) -> None:
    """The resource has the service's name, unless the operator gives one."""
    settings = read(
        EXPORTER_OTLP_HEADERS="authorization=Bearer%20word, x=1,",
        RESOURCE_ATTRIBUTES="team=a%2Cb,service.name=mine",
    )
    assert settings.headers == {"authorization": "Bearer word", "x": "1"}
    assert masked(settings)["exporter_otlp_headers"] == "***"
    resource = resource_of("api", "1", settings)
    assert (resource["team"], resource["service.name"]) == ("a,b", "mine")
    assert resource_of("api", "1", read())["service.name"] == "splitflap-api"
    assert resource_of("api", "1", read(SERVICE_NAME="own"))["service.name"] == "own"
