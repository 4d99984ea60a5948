"""`splitflap load`."""

import secrets
from collections.abc import Callable
from typing import Any

import click

from splitflap.access import Access
from splitflap.errors import CommandError
from splitflap.load.ledger import KindFigures, Ledger
from splitflap.load.run import LoadPlan, LoadRun
from splitflap.load.texts import BadMix, makers, order, parse_mix
from splitflap.output import Progress, json_option, print_json, print_table
from splitflap.parameters import MAX_COUNT, MAX_SECONDS, SECONDS, Number

#: Posts a second.
RATE = Number(0.001, 1_000_000)


@click.command
@click.option(
    "--mix",
    default="plain",
    show_default=True,
    help="Kinds of text and their weights, as `plain=6,heavy=1,links=2`: `heavy` costs the "
    "renderer 0.1 s of CPU, `links` has four new links for the scraper.",
)
@click.option(
    "--page-url",
    metavar="URL",
    help="Page for `links`. Each link has a token in place of {}, or in its query. The scraper "
    "sends the page a request per link, so give only a page of your own; a slow page makes it "
    "wait.",
)
@click.option("--rate", type=RATE, metavar="N", help="Posts a second; else as fast as possible.")
@click.option("--count", type=click.IntRange(1, MAX_COUNT), metavar="N", help="Most posts.")
@click.option(
    "--duration",
    type=SECONDS,
    metavar="SECONDS",
    help="Time in which new posts are sent; 30 by default without --count.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    metavar="N",
    help="Most requests in flight.",
)
@click.option(
    "--patience",
    type=Number(0, MAX_SECONDS),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for unfinished tasks after the last post.",
)
@click.option("--channel", help="Channel of the posts; else a new one.")
@click.option("--low", is_flag=True, help="Let other work go first, as for an import.")
@json_option
@click.pass_obj
def load(
    access: Access,
    mix: str,
    page_url: str | None,
    rate: float | None,
    count: int | None,
    duration: float | None,
    concurrency: int,
    patience: float,
    channel: str | None,
    low: bool,
    as_json: bool,
) -> None:
    """Post a mix of texts and print figures, for demonstrations.

    A post refused with 503 or 429 is sent again after its Retry-After, in six attempts at most. The
    columns `503` and `429` count these responses; `given up` counts posts after the last attempt.
    Seconds are from a post's first attempt to the end of its task. Ctrl-C stops posting.

    Exit status: 0 all posts are complete; 1 a post failed, is unfinished or was refused; 2 wrong
    usage.
    """
    kinds = _kinds(mix, page_url)
    plan = LoadPlan(
        kinds=kinds,
        makers=makers(page_url),
        channel=channel or f"load-{secrets.token_hex(4)}",
        rate=rate,
        count=count,
        duration=duration or (None if count else 30.0),
        concurrency=concurrency,
        patience=patience,
        low=low,
    )
    total = _run(LoadRun(plan, access.client), print_json if as_json else _print)
    if total.complete < total.sent:
        raise CommandError(f"{total.sent - total.complete} of {total.sent} posts are not complete")


def _run(load_run: LoadRun, show: Callable[[dict[str, Any]], None]) -> KindFigures:
    """Run a load, print its figures however it ends, and return the total."""
    progress = Progress(lambda: _progress_line(load_run.ledger.total()))
    try:
        load_run.run(progress.show)
    except KeyboardInterrupt:
        load_run.stop()
    finally:
        progress.show(last=True)
        show(report(load_run.ledger))
    return load_run.ledger.total()


def _kinds(mix: str, page_url: str | None) -> list[str]:
    try:
        kinds = order(parse_mix(mix))
    except BadMix as error:
        raise click.BadParameter(str(error), param_hint="--mix") from error
    if "links" in kinds and page_url is None:
        raise click.UsageError("`links` in --mix needs --page-url, the address of a page")
    return kinds


def report(ledger: Ledger) -> dict[str, Any]:
    """Figures of each kind, and of all kinds as `all`."""
    return {kind: _figures(each) for kind, each in ledger.figures.items()} | {
        "all": _figures(ledger.total())
    }


def _figures(figures: KindFigures) -> dict[str, Any]:
    other = sum(figures.refused.values()) - figures.refused["503"] - figures.refused["429"]
    return {
        "sent": figures.sent,
        "accepted": figures.accepted,
        "503": figures.refused["503"],
        "429": figures.refused["429"],
        "no answer": other,
        "given up": figures.given_up,
        "complete": figures.complete,
        "failed": figures.failed,
        "unfinished": figures.unfinished,
        "p50 s": figures.quantile(0.5),
        "p99 s": figures.quantile(0.99),
    }


def _print(figures: dict[str, dict[str, Any]]) -> None:
    header = ["kind", *figures["all"]]
    rows = [[kind, *map(_cell, values.values())] for kind, values in figures.items()]
    print_table(header, rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _progress_line(total: KindFigures) -> str:
    return (
        f"sent {total.sent}  accepted {total.accepted}  refused {sum(total.refused.values())}  "
        f"complete {total.complete}  unfinished {total.unfinished}"
    )
