"""`splitflap status`."""

import os
import time
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from splitflap_core.settings import BadSettings, load

from splitflap.access import Access
from splitflap.errors import WrongSettingsGiven
from splitflap.launch.readiness import readyz
from splitflap.launch.settings import SERVICES, LauncherSettings
from splitflap.output import duration, json_option, print_json, print_table

if TYPE_CHECKING:
    from splitflap.cluster.report import Report, Service

#: Seconds between two looks of --watch.
WATCH_EVERY = 5.0

#: Prints one look.
Show = Callable[[], None]


@click.command
@click.option("-k", "--kubernetes", is_flag=True, help="Of a release on Kubernetes.")
@click.option("-n", "--namespace", help="Its namespace; else the context's. Implies -k.")
@click.option("--release", help="Its name, where there are several. Implies -k.")
@click.option("--context", help="Context of the kubeconfig. Implies -k.")
@click.option(
    "--kubeconfig",
    type=click.Path(dir_okay=False),
    help="The kubeconfig; else KUBECONFIG, or ~/.kube/config. Implies -k.",
)
@click.option(
    "--watch",
    is_flag=False,
    flag_value=WATCH_EVERY,
    type=click.FloatRange(min=0.1),
    metavar="[SECONDS]",
    help=f"Look again every so many seconds ({WATCH_EVERY:g}), until Ctrl-C.",
)
@json_option
@click.pass_obj
def status(
    access: Access,
    kubernetes: bool,
    namespace: str | None,
    release: str | None,
    context: str | None,
    kubeconfig: str | None,
    watch: float | None,
    as_json: bool,
) -> None:
    """Show what waits, and what works on it.

    A job is `unpublished` until the broker has confirmed it, and `unfinished` until its outcome.
    The API is asked, and services on this machine whether they are ready. On Kubernetes the
    cluster is asked, with no need of a key: how many pods each service has, how many it wants and
    why, what was scaled last, and through the pods' metrics what waits.
    """
    if kubernetes or namespace or release or context or kubeconfig:
        show = _of_cluster(kubeconfig, context, namespace, release, as_json)
    else:
        show = _of_api(access, as_json)
    _repeat(show, watch)


def _repeat(show: Show, every: float | None) -> None:
    if every is None:
        show()
        return
    try:
        while True:
            click.clear()
            show()
            time.sleep(every)
    except KeyboardInterrupt:
        return


# -- an API, and services on this machine --------------------------------------------------------


def _of_api(access: Access, as_json: bool) -> Show:
    client = access.client()

    def show() -> None:
        # A remote API's services have their health ports elsewhere.
        services = _services() if client.is_local else {}
        answer = client.get("status")
        if as_json:
            print_json(answer | {"services": services})
        else:
            _print(answer, services)

    return show


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


# -- a release on Kubernetes ---------------------------------------------------------------------


def _of_cluster(
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    release: str | None,
    as_json: bool,
) -> Show:
    # A second of imports, which no other command should take.
    from splitflap.cluster.api import Cluster
    from splitflap.cluster.report import report

    cluster = Cluster(kubeconfig, context, namespace)
    name = cluster.release(release)

    def show() -> None:
        found = report(cluster.read(name))
        where = {"release": name, "namespace": cluster.namespace}
        if as_json:
            print_json(where | asdict(found))
        else:
            click.echo(f"release {name} in {cluster.namespace}\n")
            _print_report(found)

    return show


def _print_report(found: "Report") -> None:
    from splitflap.cluster.report import age_of

    print_table(
        ["service", "ready", "wanted", "bounds", "why"], [_row(each) for each in found.services]
    )
    click.echo("\njobs that wait")
    print_table(
        ["kind", "state", "count", "oldest"],
        [[job.kind, job.state, str(job.count), duration(job.oldest_seconds)] for job in found.jobs],
    )
    click.echo("\nscaled last")
    print_table(
        ["ago", "what", ""],
        [[duration(age_of(each.at)), each.object, each.message] for each in found.events],
    )
    for gap in found.gaps:
        click.echo(f"splitflap: {gap}", err=True)


def _row(service: "Service") -> list[str]:
    bounds = "-" if service.most is None else f"{service.least}-{service.most}"
    return [
        service.name,
        f"{service.ready}/{service.replicas}",
        str(service.wanted),
        bounds,
        "; ".join(service.why) or "-",
    ]
