"""Settings: environment variables with the prefix SPLITFLAP_, declared once, with their docs.

A service declares a frozen msgspec.Struct whose fields carry `Meta(description=...)` and bounds.
`load` reads it from the environment, `describe` says it for docs/configuration.md, and `masked`
says it for the log, without its secrets.
"""

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Any, TypeVar, get_type_hints
from urllib.parse import quote, urlsplit

import msgspec
from msgspec import Meta

PREFIX = "SPLITFLAP_"

#: What stands between the user and the last @: a URL whose password has a raw / or # in it is
#: wrong, and is logged all the same.
_PASSWORD = re.compile(r"(://[^:/@]*:).*@")
_PASSWORD_IN_QUERY = re.compile(r"(?i)([?&](?:ssl)?password=)[^&]*")

Port = Annotated[int, Meta(ge=1, le=65535)]
Network = IPv4Network | IPv6Network

S = TypeVar("S", bound="CommonSettings")


class BadSettings(ValueError):
    """Settings that cannot be used; the message names each one and what is expected."""


class CommonSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every service reads."""

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
        str | None, Meta(description="User for a BROKER_URL that has none, as it is.")
    ] = None
    broker_password: Annotated[
        str | None, Meta(description="Password of BROKER_USER, as it is (`@` is not `%40`).")
    ] = None
    broker_ca_file: Annotated[
        str | None, Meta(description="CA certificates that an `amqps` broker is checked by.")
    ] = None
    health_host: Annotated[
        str, Meta(min_length=1, description="Address that the health port listens on.")
    ] = "127.0.0.1"
    health_port: Annotated[
        Port, Meta(description="Port of /healthz, /readyz and /metrics; 0 is not taken.")
    ] = 9000
    log_level: Annotated[
        str,
        Meta(
            pattern="^(DEBUG|INFO|WARNING|ERROR)$",
            description="Least level logged: DEBUG, INFO, WARNING or ERROR.",
        ),
    ] = "INFO"
    stop_grace: Annotated[
        float,
        Meta(gt=0, le=3600, description="Seconds that running work may take at a stop (SIGTERM)."),
    ] = 25.0

    def check(self) -> None:
        """What one field alone cannot say.

        Raises:
            BadSettings: settings that do not fit together.
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


def load(kind: type[S], environ: Mapping[str, str] = os.environ) -> S:
    """The settings of a service; an empty variable counts as unset.

    Raises:
        BadSettings: names every variable that is wrong, and what it expects.
    """
    values: dict[str, Any] = {}
    wrong: list[str] = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        variable = PREFIX + name.upper()
        if text := environ.get(variable, ""):
            try:
                values[name] = msgspec.convert(text, hint, strict=False)
            except msgspec.ValidationError as error:
                wrong.append(f"{variable}: {error}. {_description(hint)}")
    if wrong:
        raise BadSettings("\n".join(wrong))
    settings = kind(**values)
    settings.check()
    return settings


def masked(settings: CommonSettings) -> dict[str, Any]:
    """The effective settings with passwords and keys hidden, for the log."""
    return {name: _mask(name, value) for name, value in msgspec.structs.asdict(settings).items()}


def describe(kind: type[CommonSettings]) -> Iterator[SettingDoc]:
    """Each setting with its default and its doc, in the order of declaration."""
    hints = get_type_hints(kind, include_extras=True)
    for field in msgspec.structs.fields(kind):
        default = "" if field.default in (None, msgspec.NODEFAULT) else str(field.default)
        yield SettingDoc(PREFIX + field.name.upper(), default, _description(hints[field.name]))


def check_port(url: str, variable: str) -> None:
    """Raises BadSettings where a URL's port is none."""
    try:
        _ = urlsplit(url).port
    except ValueError as error:
        # Not what urlsplit says: it may be a part of the password.
        raise BadSettings(
            f"{PREFIX}{variable}: its port is not a number up to 65535 (in a user or password, "
            "@ : / # are written %40 %3A %2F %23)"
        ) from error


def networks(text: str, variable: str) -> tuple[Network, ...]:
    """Networks in CIDR notation, separated by commas or spaces.

    Raises:
        BadSettings: one of them is no network.
    """
    try:
        return tuple(ip_network(part) for part in text.replace(",", " ").split())
    except ValueError as error:
        expected = "expected networks such as 10.0.0.0/8, separated by commas"
        raise BadSettings(f"{PREFIX}{variable}: {error}; {expected}") from error


def mask_url(url: str) -> str:
    """The URL with its password hidden."""
    return _PASSWORD_IN_QUERY.sub(r"\1***", _PASSWORD.sub(r"\1***@", url))


def _mask(name: str, value: Any) -> Any:
    if value and name.endswith(("_key", "_secret", "_password")):
        return "***"
    if isinstance(value, str) and "://" in value:
        return mask_url(value)
    return value


def _description(hint: Any) -> str:
    for meta in getattr(hint, "__metadata__", ()):
        if isinstance(meta, Meta) and meta.description:
            return meta.description
    return ""
