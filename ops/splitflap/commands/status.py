"""`splitflap status`."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, astuple
from typing import TYPE_CHECKING, Any

import click

from splitflap.access import Access
from splitflap.health import readyz
from splitflap.output import duration, echo, json_option, print_json, print_table, printable
from splitflap.parameters import KUBERNETES_NAME, MAX_SECONDS, Number
from splitflap.settings import SERVICES, read_settings

if TYPE_CHECKING:
    from splitflap.cluster.report import DeploymentStatus, Report

#: Default period of --watch, in seconds.
WATCH_EVERY = 5.0

#: Reads the status once and prints it.
Show = Callable[[], None]


@click.command
@click.option("-k", "--kubernetes", is_flag=True, help="Show a release on Kubernetes.")
@click.option(
    "-n", "--namespace", type=KUBERNETES_NAME, help="Its namespace; else the context's. Implies -k."
)
@click.option("--release", type=KUBERNETES_NAME, help="Its name, if there are several. Implies -k.")
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
    type=Number(0.1, MAX_SECONDS),
    metavar="[SECONDS]",
    help=f"Repeat with this period ({WATCH_EVERY:g}) until Ctrl-C.",
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
    """Show waiting jobs, workers and rates, and the state of the services.

    A job is `held` until it is its account's turn (`held_low` for a low job), `unpublished` until
    the broker confirms it, then `unfinished` until its outcome. If jobs are held, a table shows the
    ten accounts that have waited longest, and why: `share` (others have their turn), `window` (the
    workers are busy), `overdue_texts` or `low`. `wanted` is the number of worker processes that the
    present work needs, and `shed` names the requests that the asked API refuses. `Kubernetes` is
    the pods that it wants and has ready, if the API may ask it. The command queries the API, and
    the health ports of the services on this machine. A key with the scope `observe` may use it.

    The option -k queries the cluster instead, without a key. It shows each service's pods, the
    wanted number and the reason, the last scaling events, and the waiting jobs from the pods'
    metrics.
    """
    if kubernetes or namespace or release or context or kubeconfig:
        show = _show_cluster(kubeconfig, context, namespace, release, as_json)
    else:
        show = _show_api(access, as_json)
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


def _print_jobs(jobs: Iterable[tuple[str, str, int, float]]) -> None:
    """Print jobs as (kind, state, count, oldest_seconds)."""
    echo("jobs that wait")
    print_table(
        ["kind", "state", "count", "oldest"],
        [[kind, state, str(count), duration(oldest)] for kind, state, count, oldest in jobs],
    )


# -- the API, and services on this machine -------------------------------------------------------


def _show_api(access: Access, as_json: bool) -> Show:
    client = access.client()

    def show() -> None:
        # The health ports of a remote API's services are unknown here.
        services = _local_services() if client.is_local else {}
        status = client.get("status")
        # An older API counts no accounts, and no account waits most of the time.
        waiting = bool(status.get("waiting_accounts"))
        accounts = client.get("status", "accounts")["items"] if waiting else []
        if as_json:
            print_json(status | {"services": services, "accounts": accounts})
        else:
            _print_status(status, services)
            _print_accounts(status, accounts)

    return show


def _local_services() -> dict[str, str]:
    """Each service, with `ready` or the reason why it is unready."""
    settings = read_settings(dict(os.environ))
    ports = settings.health_ports(list(SERVICES))
    return {name: readyz(settings.health_host, port) or "ready" for name, port in ports.items()}


def _print_status(status: dict[str, Any], services: dict[str, str]) -> None:
    if services:
        print_table(["service", ""], [[name, state] for name, state in services.items()])
        echo()
    fields = ("kind", "state", "count", "oldest_seconds")
    _print_jobs(tuple(job[field] for field in fields) for job in status["jobs"])
    echo(f"\nrunning tasks  {status['running_tasks']}\ndead letters   {status['dead']}")
    # An older API says no more.
    if kinds := status.get("kinds"):
        echo("\nworkers")
        header = ["kind", "processes", "wanted", "slots", "queued", "in flight", "mean"]
        print_table(header, [_kind_row(each) for each in kinds])
    for line in _lines(status):
        echo(printable(line))


def _kind_row(kind: dict[str, Any]) -> list[str]:
    fields = ("consumers", "wanted", "slots", "queue_ready", "in_flight")
    return [kind["kind"], *map(_number, map(kind.get, fields)), _mean(kind["mean_seconds"])]


def _lines(status: dict[str, Any]) -> Iterator[str]:
    """The rates, the API, the broker, and what is shed, in words."""
    if rates := status.get("rates"):
        yield (
            "\nlast minute, per second: {accepted:g} accepted, {finished:g} finished "
            "({failed:g} failed), {refused:g} refused; {render:g} renders, {scrape:g} scrapes"
        ).format(**rates)
    if "replica" in status:
        yield (
            f"API replicas   {status['api_replicas']}, with {status['streams']} event streams "
            f"(asked: {status['replica']})"
        )
    if pods := list(_pods(status)):
        yield f"Kubernetes     {'; '.join(pods)}"
    if broker := status.get("broker"):
        yield f"broker         {broker['detail'] or 'connected'}"
    if "shedding" in status:
        found = [f"{each['reason']}: {each['detail']}" for each in status["shedding"]]
        yield f"shed           {'; '.join(found) or 'nothing'}"


def _pods(status: dict[str, Any]) -> Iterator[str]:
    """The pods of each service, if the API may ask Kubernetes. An older API has no such fields."""
    found = {"api": status.get("api_pods")}
    found |= {each["kind"]: each.get("pods") for each in status.get("kinds", ())}
    for name, pods in found.items():
        if pods:
            yield f"{name} wanted {pods['wanted']}, there {pods['ready']}"


def _print_accounts(status: dict[str, Any], accounts: list[dict[str, Any]]) -> None:
    if not accounts:
        return
    counts = ", ".join(f"{each['count']} ({each['kind']})" for each in status["waiting_accounts"])
    echo(f"\naccounts that wait: {counts}")
    header = ["account", "kind", "held", "oldest", "used", "mean", "why"]
    print_table(header, [_account_row(each) for each in accounts])


def _account_row(account: dict[str, Any]) -> list[str]:
    return [
        account["account"],
        account["kind"],
        str(account["held"]),
        duration(account["oldest_seconds"]),
        f"{account['used_seconds']:.1f} s",
        _mean(account["mean_seconds"]),
        account["why"],
    ]


def _mean(seconds: float | None) -> str:
    return "-" if seconds is None else f"{seconds * 1000:.0f} ms"


def _number(value: int | None) -> str:
    return "-" if value is None else str(value)


# -- a release on Kubernetes ---------------------------------------------------------------------


def _show_cluster(
    kubeconfig: str | None,
    context: str | None,
    namespace: str | None,
    release: str | None,
    as_json: bool,
) -> Show:
    # Imported late: the kubernetes package takes a second, and no other command needs it.
    from splitflap.cluster.api import Cluster
    from splitflap.cluster.report import report

    cluster = Cluster(kubeconfig, context, namespace)
    name = cluster.release(release)

    def show() -> None:
        found = report(cluster.read(name))
        if as_json:
            print_json({"release": name, "namespace": cluster.namespace} | asdict(found))
        else:
            echo(f"release {name} in {cluster.namespace}\n")
            _print_report(found)

    return show


def _print_report(found: "Report") -> None:
    from splitflap.cluster.report import age_of

    header = ["service", "ready", "wanted", "bounds", "why"]
    print_table(header, [_row(each) for each in found.services])
    echo()
    _print_jobs(astuple(job) for job in found.jobs)
    echo("\nscaled last")
    print_table(
        ["ago", "what", ""],
        [[duration(age_of(each.at)), each.object, each.message] for each in found.events],
    )
    for gap in found.gaps:
        echo(f"splitflap: {gap}", err=True)


def _row(service: "DeploymentStatus") -> list[str]:
    bounds = "-" if service.most is None else f"{service.least}-{service.most}"
    ready = f"{service.ready}/{service.replicas}"
    return [service.name, ready, str(service.wanted), bounds, "; ".join(service.why) or "-"]
