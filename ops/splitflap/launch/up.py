"""The launcher from its start to its stop."""

import os
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

from splitflap_core.settings import PREFIX
from splitflap_web.site import SiteError, build

from splitflap import health
from splitflap.challenge import PROBE, is_splitflap
from splitflap.errors import CommandError
from splitflap.launch.preflight import LEFT_TIMEOUT, PortClaim, check_free, first_key, locked
from splitflap.launch.process import ServiceProcess
from splitflap.launch.supervisor import ServiceEnded, StopSignals, Supervisor
from splitflap.output import PrefixPrinter
from splitflap.settings import API, WORKERS, LocalSettings, key_file

#: The variable in which the operator may set the first key.
KEY_VARIABLE = f"{PREFIX}BOOTSTRAP_KEY"

#: Variables with keys, of the API and of the commands.
KEYS = (KEY_VARIABLE, f"{PREFIX}KEY")

#: Variables with the way to the database or its password.
DATABASE = (f"{PREFIX}DATABASE_URL", "PGPASSWORD", "PGPASSFILE")

#: The variable with the one origin at a private address that previews may lead to.
OWN_ORIGIN = f"{PREFIX}SCRAPER_OWN_ORIGIN"

#: Seconds between two readiness checks.
CHECK_EVERY = 0.1

#: Seconds beyond STOP_GRACE until a service is killed: its own stop has the same grace.
STOP_MARGIN = 5.0


class NotReady(Exception):
    """The start failed or took too long; the message names each service and its reason."""


class KeyRefused(Exception):
    """The API refuses the key."""


@dataclass(frozen=True)
class LaunchPlan:
    """The settings and commands of one launch."""

    settings: LocalSettings
    commands: dict[str, list[str]]
    #: Seconds.
    ready_timeout: float

    @property
    def ports(self) -> dict[str, int]:
        """The health port of each service."""
        return self.settings.health_ports(list(self.commands))

    @property
    def page_folder(self) -> Path:
        """The folder of the page that the API serves."""
        return Path(self.settings.page or Path(self.settings.data_dir) / "page")


def run(plan: LaunchPlan) -> int:
    """Run all services until a stop signal; returns the exit status.

    Raises:
        CommandError: no service was started; gives the reason.
    """
    folder = plan.settings.data_dir
    try:
        with locked(folder) as previous_was_killed:
            key = plan.settings.bootstrap_key or first_key(folder)
            check_free(_port_claims(plan), LEFT_TIMEOUT if previous_was_killed else 0.0)
            build_page(plan)
            return _supervise(plan, key)
    except OSError as error:
        raise CommandError(f"cannot use the folder {folder}: {error}") from error


def build_page(plan: LaunchPlan) -> None:
    """Build the page into the data folder, unless the operator serves another folder.

    Raises:
        CommandError: a file of the page's source is wrong.
    """
    if plan.settings.page:
        return
    try:
        build(plan.page_folder)
    except SiteError as error:
        raise CommandError(f"cannot build the page: {error}") from error


def _port_claims(plan: LaunchPlan) -> list[PortClaim]:
    settings = plan.settings
    setting = f"{PREFIX}HEALTH_PORT, the first of {len(plan.ports)} in a row,"
    return [
        PortClaim(settings.host, settings.port, "requests", f"--port or {PREFIX}PORT"),
        *(
            PortClaim(settings.health_host, port, f"health of {name}", setting)
            for name, port in plan.ports.items()
        ),
    ]


def _supervise(plan: LaunchPlan, key: str) -> int:
    printer = PrefixPrinter(list(plan.commands))
    with StopSignals() as signals:
        supervisor = Supervisor(_services(plan, key), printer, signals)
        try:
            status = _serve(plan, key, supervisor, signals)
        except ServiceEnded as error:
            printer.say(f"{error}; stopping")
            status = error.status
        except NotReady as error:
            printer.say(str(error))
            status = 1
        if signals.stop == signal.SIGINT:
            printer.say("stopping; Ctrl-C again kills at once")
        stopped = supervisor.stop(API, plan.settings.stop_grace + STOP_MARGIN)
        return status if stopped else status or 1


def _services(plan: LaunchPlan, key: str) -> list[ServiceProcess]:
    return [
        ServiceProcess(name, command, environment(dict(os.environ), plan, name, key))
        for name, command in plan.commands.items()
    ]


def environment(environ: dict[str, str], plan: LaunchPlan, name: str, key: str) -> dict[str, str]:
    """The environment of a service: the launcher's, and its own settings.

    Only the API gets a key, and the workers get no access to the database: they read text and pages
    from outside. All know the page's own origin, so that a post can have a preview of the page. The
    log level defaults to WARNING, so the banner stays in sight.
    """
    path = f"{Path(sys.executable).parent}:{environ.get('PATH', '/usr/bin:/bin')}"
    own = {
        "PATH": path,
        PREFIX + "DATA_DIR": plan.settings.data_dir,
        PREFIX + "PORT": str(plan.settings.port),
        PREFIX + "HEALTH_PORT": str(plan.ports[name]),
        PREFIX + "LOG_LEVEL": environ.get(PREFIX + "LOG_LEVEL") or "WARNING",
    }
    if name == API:
        own[KEY_VARIABLE] = key
        own[PREFIX + "PAGE"] = str(plan.page_folder)
    if plan.settings.is_at_address:
        own[OWN_ORIGIN] = environ.get(OWN_ORIGIN) or plan.settings.address
    withheld = {*KEYS, *(DATABASE if name in WORKERS else ())}
    return {each: value for each, value in environ.items() if each not in withheld} | own


# -- from the first start to a stop signal -------------------------------------------------------


def _serve(plan: LaunchPlan, key: str, supervisor: Supervisor, signals: StopSignals) -> int:
    _wait_until_ready(plan, key, supervisor, signals)
    if signals.stop is None:
        _announce(banner(plan.settings, key))
    while signals.stop is None:
        supervisor.run_once()
    return 0


def _wait_until_ready(
    plan: LaunchPlan, key: str, supervisor: Supervisor, signals: StopSignals
) -> None:
    """Return when every service is ready, or after a stop signal.

    Raises:
        NotReady: it took too long, or the API refuses the key.
    """
    deadline = time.monotonic() + plan.ready_timeout
    while signals.stop is None:
        supervisor.run_once(CHECK_EVERY)
        try:
            if next(_unready(plan, key, supervisor.services), None) is None:
                return
            if time.monotonic() > deadline:
                reasons = _unready(plan, key, supervisor.services)
                late = f"not ready after {plan.ready_timeout:g} s; stopping"
                raise NotReady("\n".join([late, *reasons]))
        except KeyRefused as error:
            raise NotReady(_key_refused(plan.settings)) from error


def _unready(plan: LaunchPlan, key: str, services: list[ServiceProcess]) -> Iterator[str]:
    """One line for each unready service.

    Raises:
        KeyRefused: the API refuses the key.
    """
    for service in services:
        reason = _reason(plan, key, service)
        if reason:
            yield f"{service.name} is not ready: {reason}"


def _reason(plan: LaunchPlan, key: str, service: ServiceProcess) -> str | None:
    if service.process is None:
        return f"it {service.last_end}"
    reason = health.readyz(plan.settings.health_host, plan.ports[service.name])
    if reason:
        return f"{reason}; before, it {service.last_end}" if service.last_end else reason
    return _api_reason(plan.settings, key) if service.name == API else None


def _api_reason(settings: LocalSettings, key: str) -> str | None:
    """Why the API does not serve a request with this key; None if it does."""
    stranger = health.get(settings.host, settings.port, "/" + "/".join(PROBE))
    if stranger is None:
        return f"port {settings.port} does not answer"
    if not is_splitflap(stranger.status, stranger.challenge):
        return f"port {settings.port} answers {stranger.status} {stranger.text}".strip()
    bearer = {"Authorization": f"Bearer {key}"}
    response = health.get(settings.host, settings.port, "/v1/posts?limit=1", bearer)
    if response is None:
        return f"port {settings.port} does not answer"
    if response.status == HTTPStatus.UNAUTHORIZED:
        raise KeyRefused
    return None if response.status < HTTPStatus.INTERNAL_SERVER_ERROR else response.text


def _key_refused(settings: LocalSettings) -> str:
    if settings.bootstrap_key:
        return f"the API does not take the key in {KEY_VARIABLE}: it was revoked; stopping"
    file = key_file(settings.data_dir)
    return f"the API does not take the key in {file}; remove the file to have one made; stopping"


# -- the banner ----------------------------------------------------------------------------------


def banner(settings: LocalSettings, key: str) -> str:
    """The page's address, the place of the key, and a first request to paste into a shell.

    A generated key is in the address, so that the page opens without a question. It stands in the
    fragment, which no browser sends. A key of the operator's own is not shown.
    """
    file = key_file(settings.data_dir)
    page = f"{settings.address}/#key={key}"
    place, value = f"in {file}", f"$(cat {shlex.quote(str(file))})"
    if settings.bootstrap_key:
        page = f"{settings.address}/"
        place, value = f"in {KEY_VARIABLE}", f"${KEY_VARIABLE}"
    return (
        f"\nSplitflap is serving at {page}\n"
        f"key  {place} (scopes read, write, admin)\ntry\n"
        f"  curl -si {shlex.quote(settings.address + '/v1/posts')} "
        f'-H "Authorization: Bearer {value}" '
        "-H 'Content-Type: application/json' -H 'Prefer: wait=10' "
        """-d '{"text":"Hello **world**"}'\n\n"""
    )


def _announce(text: str) -> None:
    with suppress(OSError, ValueError):  # the reader may have gone
        sys.stdout.write(text)
        sys.stdout.flush()
