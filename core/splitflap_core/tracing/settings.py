"""The standard variables of OpenTelemetry, as far as Splitflap reads them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import unquote, urlsplit

import msgspec
from msgspec import Meta

from splitflap_core.settings import BadSettings, check_port

PREFIX = "OTEL_"

#: Below OTEL_EXPORTER_OTLP_ENDPOINT, as the protocol says.
_PATH = "/v1/traces"

Endpoint = Annotated[str, Meta(pattern=r"^https?://[^/?#@\s]+(/[^?#\s]*)?$")]


class TraceSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Traces are off unless an endpoint is set."""

    exporter_otlp_endpoint: Annotated[
        Endpoint,
        Meta(
            description="URL of an OTLP/HTTP receiver, such as `http://collector:4318`. Traces go "
            "to `/v1/traces` below it. Unset: no traces."
        ),
    ] = ""
    exporter_otlp_traces_endpoint: Annotated[
        Endpoint,
        Meta(description="The whole URL for traces. It has precedence."),
    ] = ""
    exporter_otlp_protocol: Annotated[
        Literal["http/json"],
        Meta(description="Only `http/json`, which each OpenTelemetry Collector takes."),
    ] = "http/json"
    exporter_otlp_headers: Annotated[
        str,
        Meta(description="Fields of each request to it, as `name=value,name=value`. Secret."),
    ] = ""
    exporter_otlp_certificate: Annotated[
        str | None, Meta(description="File with the CA certificates for an `https` endpoint.")
    ] = None
    exporter_otlp_timeout: Annotated[
        int, Meta(ge=1, le=60_000, description="Milliseconds for one request to it.")
    ] = 10_000
    service_name: Annotated[
        str,
        Meta(
            max_length=255,
            description="Name of the service. Unset: `splitflap-api`, `splitflap-renderer` or "
            "`splitflap-scraper`.",
        ),
    ] = ""
    resource_attributes: Annotated[
        str,
        Meta(
            description="Attributes of all spans, as `name=value,name=value`; values may be "
            "percent-encoded."
        ),
    ] = ""
    traces_sampler: Annotated[
        Literal[
            "always_on",
            "always_off",
            "traceidratio",
            "parentbased_always_on",
            "parentbased_always_off",
            "parentbased_traceidratio",
        ],
        Meta(
            description="Which traces are recorded. With `parentbased_`, the flag of a request's "
            "`traceparent` decides, if there is one."
        ),
    ] = "parentbased_always_on"
    traces_sampler_arg: Annotated[
        float, Meta(ge=0, le=1, description="The ratio of `traceidratio`, from 0 to 1.")
    ] = 1.0
    sdk_disabled: Annotated[bool, Meta(description="`true`: no traces, with any endpoint.")] = False

    def check(self) -> None:
        """Check what patterns cannot say.

        Raises:
            BadSettings: a list is malformed, a port is wrong, or a file is missing.
        """
        _ = self.headers, self.attributes
        for name in ("exporter_otlp_endpoint", "exporter_otlp_traces_endpoint"):
            check_port(getattr(self, name), name.upper(), PREFIX)
        ca_file = self.exporter_otlp_certificate
        if ca_file and not Path(ca_file).is_file():
            raise BadSettings(f"{PREFIX}EXPORTER_OTLP_CERTIFICATE: no such file: {ca_file!r}")

    @property
    def url(self) -> str | None:
        """Where spans go; None if traces are off."""
        if self.sdk_disabled:
            return None
        if self.exporter_otlp_traces_endpoint:
            url = self.exporter_otlp_traces_endpoint
            return url if urlsplit(url).path else url + "/"
        base = self.exporter_otlp_endpoint
        return base.rstrip("/") + _PATH if base else None

    @property
    def headers(self) -> Mapping[str, str]:
        """The fields of each request."""
        found = _pairs(self.exporter_otlp_headers, "EXPORTER_OTLP_HEADERS")
        for name, value in found.items():
            if not (name.isascii() and value.isascii() and value.isprintable()):
                raise _malformed("EXPORTER_OTLP_HEADERS")
        return found

    @property
    def attributes(self) -> Mapping[str, str]:
        """The attributes of all spans, as the operator gives them."""
        return _pairs(self.resource_attributes, "RESOURCE_ATTRIBUTES")

    @property
    def ratio(self) -> float:
        """The part of traces without a parent that is recorded."""
        sampler = self.traces_sampler
        if sampler.endswith("ratio"):
            return self.traces_sampler_arg
        return 1.0 if sampler.endswith("on") else 0.0


def _pairs(text: str, name: str) -> dict[str, str]:
    found = {}
    for pair in filter(None, (each.strip() for each in text.split(","))):
        key, equals, value = pair.partition("=")
        if not equals or not key.strip() or any(each.isspace() for each in key.strip()):
            raise _malformed(name)
        found[key.strip()] = unquote(value.strip())
    return found


def _malformed(name: str) -> BadSettings:
    """The value stays unsaid: it may hold a secret."""
    return BadSettings(f"{PREFIX}{name}: expected name=value,name=value")
