"""Settings: environment variables with the prefix SPLITFLAP_, declared once with their docs.

A service declares a frozen msgspec.Struct. Its fields have bounds and a `Meta(description=...)`.
`load` reads the environment, `describe` feeds docs/configuration.md, and `masked` feeds the log,
with secrets hidden.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, Protocol, TypeVar, get_type_hints
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta

from splitflap_core.wording.setting_errors import expectation, quoted

PREFIX = "SPLITFLAP_"

#: The text between the user and the last @. A password with a raw / or # makes the URL invalid,
#: but the log shows the URL all the same.
_PASSWORD = re.compile(r"(://[^:/@]*:).*@")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&](?:ssl)?password=)[^&]*")

Port = Annotated[int, Meta(ge=1, le=65535)]
Network = IPv4Network | IPv6Network


class Settings(Protocol):
    """A frozen msgspec.Struct of settings."""

    def check(self) -> None:
        """Check rules about several fields. Raises BadSettings."""


S = TypeVar("S", bound=Settings)


class BadSettings(ValueError):
    """Wrong settings. The message names each one, and the expected value."""


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of every service."""

    data_dir: Annotated[
        str, Meta(min_length=1, description="Folder of the embedded database and broker.")
    ] = "data"
    broker_url: Annotated[
        str,
        Meta(
            pattern=r"^(filesystem|amqps?)://",
            description="RabbitMQ as `amqp://user:password@host:5672/vhost` (`amqps` for TLS), or "
            "`filesystem://` for the embedded broker in DATA_DIR.",
        ),
    ] = "filesystem://"
    broker_user: Annotated[
        str | None,
        Meta(description="User for a BROKER_URL without one, unescaped."),
    ] = None
    broker_password: Annotated[
        str | None, Meta(description="Password of BROKER_USER, unescaped (`@`, not `%40`).")
    ] = None
    broker_ca_file: Annotated[
        str | None, Meta(description="File with the CA certificates for an `amqps` broker.")
    ] = None
    health_host: Annotated[str, Meta(min_length=1, description="Address of the health port.")] = (
        "127.0.0.1"
    )
    health_port: Annotated[
        Port, Meta(description="Port of /healthz, /readyz and /metrics; 0 is refused.")
    ] = 9000
    log_level: Annotated[
        str,
        Meta(
            pattern="^(DEBUG|INFO|WARNING|ERROR)$",
            description="Lowest logged level: DEBUG, INFO, WARNING or ERROR.",
        ),
    ] = "INFO"
    stop_grace: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds for running work to finish after SIGTERM."),
    ] = 25.0

    def check(self) -> None:
        """Check rules about several fields.

        Raises:
            BadSettings: two settings contradict each other.
        """
        check_port(self.broker_url, "BROKER_URL")
        if self.broker_user and "@" in urlsplit(self.broker_url).netloc:
            raise BadSettings(
                f"{PREFIX}BROKER_USER: {PREFIX}BROKER_URL has a user too; expected only one of them"
            )
        if bool(self.broker_user) != bool(self.broker_password):
            raise BadSettings(
                f"{PREFIX}BROKER_USER and {PREFIX}BROKER_PASSWORD: expected both or neither"
            )

    @property
    def uses_data_dir(self) -> bool:
        """Whether this service keeps data in DATA_DIR."""
        return self.broker_url.startswith("filesystem")

    @property
    def broker(self) -> str:
        """The broker's URL with its user and password."""
        if not (self.broker_user and self.broker_password):
            return self.broker_url
        user, password = quote(self.broker_user, safe=""), quote(self.broker_password, safe="")
        return self.broker_url.replace("://", f"://{user}:{password}@", 1)


@dataclass(frozen=True)
class SettingDoc:
    """One row of docs/configuration.md."""

    name: str
    default: str
    doc: str


def load(kind: type[S], environ: Mapping[str, str] = os.environ, *, prefix: str = PREFIX) -> S:
    """Load settings, such as those of a service. An empty variable counts as unset.

    Raises:
        BadSettings: the message names each wrong variable.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        variable = prefix + name.upper()
        if text := environ.get(variable, ""):
            try:
                values[name] = msgspec.convert(text, hint, strict=False)
            except msgspec.ValidationError:
                wrong.append(_refusal(variable, text, hint))
            # In Python, the `$` of a pattern allows a line break after it.
            if text.endswith("\n") and _pattern(hint).endswith("$"):
                wrong.append(_refusal(variable, text, hint))
    if wrong:
        raise BadSettings("\n".join(wrong))
    settings = kind(**values)
    settings.check()
    return settings


def masked(settings: msgspec.Struct) -> dict[str, Any]:
    """The effective settings for the log, with passwords and keys hidden."""
    return {name: _mask(name, value) for name, value in msgspec.structs.asdict(settings).items()}


def describe(kind: type[msgspec.Struct], prefix: str = PREFIX) -> Iterator[SettingDoc]:
    """The name, default and description of each setting, in the order of declaration."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        doc = _description(hints[field.name])
        yield SettingDoc(prefix + field.name.upper(), _written(field.default), doc)


def check_port(url: str, variable: str, prefix: str = PREFIX) -> None:
    """Raises BadSettings if the port of a URL is malformed."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        # urlsplit's own message may quote a part of the password.
        raise BadSettings(
            f"{prefix}{variable}: expected a number up to 65535 as its port "
            "(in a user or password, write @ : / # as %40 %3A %2F %23)"
        ) from error


def networks(text: str, variable: str) -> tuple[Network, ...]:
    """Parse networks in CIDR notation, separated by commas or spaces.

    Raises:
        BadSettings: a part is malformed.
    """
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        expected = "expected networks such as 10.0.0.0/8, separated by commas"
        raise BadSettings(f"{PREFIX}{variable}: {error}; {expected}") from error


def mask_url(url: str) -> str:
    """The URL with its password hidden."""
    return _PASSWORD_IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1***@", url))


def _refusal(variable: str, text: str, hint: Any) -> str:
    """The message for a wrong value: the variable, the expected values, and the description."""
    shown = quoted(str(_mask(variable.lower(), text)))
    return f"{variable}: expected {expectation(hint)}, got {shown}. {_description(hint)}"


def _written(default: Any) -> str:
    """A default as an operator writes it."""
    if default is None or default is msgspec.NODEFAULT:
        return ""
    return str(default).lower() if isinstance(default, bool) else str(default)


def _mask(name: str, value: Any) -> Any:
    if value and name.endswith(("_key", "_secret", "_password", "_headers")):
        return "***"
    if isinstance(value, str) and "://" in value:
        return mask_url(value)
    return value


def _description(hint: Any) -> str:
    return next((each.description for each in _metas(hint) if each.description), "")


def _pattern(hint: Any) -> str:
    return next((each.pattern for each in _metas(hint) if each.pattern), "")


def _metas(hint: Any) -> list[Meta]:
    return [each for each in getattr(hint, "__metadata__", ()) if isinstance(each, Meta)]
