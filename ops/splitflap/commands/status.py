"""`splitflap status`."""

import os
from typing import Any

import click
from splitflap_core.settings import BadSettings, load

from splitflap.access import Access
from splitflap.errors import WrongSettingsGiven
from splitflap.launch.readiness import readyz
from splitflap.launch.settings import SERVICES, LauncherSettings
from splitflap.output import duration, json_option, print_json, print_table


@click.command
@json_option
@click.pass_obj
def status(access: Access, as_json: bool) -> None:
    """Show what waits and, of services on this machine, whether they are ready.

    A job is `unpublished` until the broker has confirmed it, and `unfinished` until its outcome.
    """
    client = access.client()
    # A remote API's services have their health ports elsewhere.
    services = _services() if client.is_local else {}
    answer = client.get("status")
    if as_json:
        print_json(answer | {"services": services})
    else:
        _print(answer, services)


def _services() -> dict[str, str]:
    """What each service says of itself; `ready`, or what is wrong."""
    try:
        settings = load(LauncherSettings, os.environ)
    except BadSettings as error:
        raise WrongSettingsGiven(f"wrong settings\n{error}") from error
    ports = settings.health_ports(list(SERVICES))
    return {name: readyz(settings.health_host, port) or "ready" for name, port in ports.items()}


def _print(answer: dict[str, Any], services: dict[str, str]) -> None:
    if services:
        print_table(["service", ""], [[name, state] for name, state in services.items()])
        click.echo()
    click.echo("jobs that wait")
    print_table(
        ["kind", "state", "count", "oldest"],
        [
            [job["kind"], job["state"], str(job["count"]), duration(job["oldest_seconds"])]
            for job in answer["jobs"]
        ],
    )
    click.echo(f"\nrunning tasks  {answer['running_tasks']}\ndead letters   {answer['dead']}")
