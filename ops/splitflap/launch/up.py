"""The launcher from its start to its end."""

import os
import shlex
import signal
import time
from dataclasses import dataclass
from pathlib import Path

from honcho.environ import parse_procfile  # type: ignore[import-untyped]  # honcho has no types
from splitflap_core.runtime import EX_CONFIG
from splitflap_core.settings import PREFIX

from splitflap.errors import Refused
from splitflap.launch.banner import banner
from splitflap.launch.datadir import DataDirTaken, first_key, key_file, locked
from splitflap.launch.ports import Need, PortTaken, check_free
from splitflap.launch.readiness import BadKey, Readiness
from splitflap.launch.settings import API, LauncherSettings, service_environment
from splitflap.launch.signals import Signals
from splitflap.launch.supervisor import Service, Supervisor, WrongSettings
from splitflap.launch.terminal import Terminal, announce

#: Seconds between two questions whether everything is ready.
ASK_EVERY = 0.1

#: Seconds beyond STOP_GRACE until a service is killed: its own stop gets to its end first.
STOP_MARGIN = 5.0

#: Seconds that ports may be held after a launcher was killed: a web worker looks for its parent
#: about once a second.
PORTS_PATIENCE = 5.0


class NotReady(Exception):
    """Not all services came to be ready in time; the message says which, and why."""


@dataclass(frozen=True)
class Plan:
    """What is to be run."""

    settings: LauncherSettings
    commands: dict[str, list[str]]
    ready_timeout: float

    @property
    def ports(self) -> dict[str, int]:
        """The health port of each service."""
        return self.settings.health_ports(list(self.commands))


def read_procfile(path: Path) -> dict[str, list[str]]:
    """The command of each service.

    Raises:
        Refused: it cannot be read, or names nothing.
    """
    try:
        lines = parse_procfile(path.read_text(encoding="utf-8")).processes
        commands = {name: shlex.split(command) for name, command in lines.items()}
    except (OSError, ValueError, AssertionError) as error:
        raise Refused(f"cannot read the Procfile {path}: {error}") from error
    if not commands:
        raise Refused(f"the Procfile {path} names no process")
    return commands


def run(plan: Plan) -> int:
    """Run everything until a signal; the exit status.

    Raises:
        Refused: nothing was started, and why.
    """
    try:
        with locked(plan.settings.data_dir) as killed_before:
            key = plan.settings.bootstrap_key or first_key(plan.settings.data_dir)
            check_free(_needs(plan), PORTS_PATIENCE if killed_before else 0.0)
            return _supervise(plan, key)
    except (DataDirTaken, PortTaken) as error:
        raise Refused(str(error)) from error
    except OSError as error:
        raise Refused(f"cannot use the folder {plan.settings.data_dir}: {error}") from error


def _needs(plan: Plan) -> list[Need]:
    settings = plan.settings
    health = f"{PREFIX}HEALTH_PORT, the first of {len(plan.ports)} in a row,"
    return [
        Need(settings.host, settings.port, "requests", f"--port or {PREFIX}PORT"),
        *(
            Need(settings.health_host, port, f"health of {name}", health)
            for name, port in plan.ports.items()
        ),
    ]


def _supervise(plan: Plan, key: str) -> int:
    terminal = Terminal(list(plan.commands))
    with Signals() as signals:
        supervisor = Supervisor(_services(plan, key), terminal, signals)
        try:
            status = _serve(plan, key, supervisor, signals)
        except WrongSettings as error:
            terminal.say(f"{error} has wrong settings, as it says above; stopping")
            status = EX_CONFIG
        except NotReady as error:
            terminal.say(str(error))
            status = 1
        if signals.stop == signal.SIGINT:
            terminal.say("stopping; Ctrl-C again kills at once")
        stopped = supervisor.stop(API, plan.settings.stop_grace + STOP_MARGIN)
        return status if stopped else status or 1


def _serve(plan: Plan, key: str, supervisor: Supervisor, signals: Signals) -> int:
    """Until a signal."""
    _until_ready(plan, key, supervisor, signals)
    if signals.stop is None:
        announce(banner(plan.settings, key))
    while signals.stop is None:
        supervisor.turn()
    return 0


def _until_ready(plan: Plan, key: str, supervisor: Supervisor, signals: Signals) -> None:
    """Until everything is ready, or a signal.

    Raises:
        NotReady: it took too long.
    """
    readiness = Readiness(plan.settings, plan.ports, key)
    ready_by = time.monotonic() + plan.ready_timeout
    while signals.stop is None:
        supervisor.turn(ASK_EVERY)
        try:
            if next(readiness.complaints(supervisor.services), None) is None:
                return
            if time.monotonic() > ready_by:
                raise NotReady(_verdict(plan, list(readiness.complaints(supervisor.services))))
        except BadKey as error:
            raise NotReady(_key_refused(plan.settings)) from error


def _verdict(plan: Plan, complaints: list[str]) -> str:
    return "\n".join([f"not ready after {plan.ready_timeout:g} s; stopping", *complaints])


def _key_refused(settings: LauncherSettings) -> str:
    if settings.bootstrap_key:
        return f"the API does not take the key in {PREFIX}BOOTSTRAP_KEY: it was revoked; stopping"
    file = key_file(settings.data_dir)
    return f"the API does not take the key in {file}; remove the file to have one made; stopping"


def _services(plan: Plan, key: str) -> list[Service]:
    environ = dict(os.environ)
    return [
        Service(
            name,
            command,
            service_environment(environ, plan.settings, name, plan.ports[name], key),
        )
        for name, command in plan.commands.items()
    ]
