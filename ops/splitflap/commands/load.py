"""`splitflap load`."""

import secrets
import sys
import time
from collections.abc import Callable
from typing import Any

import click

from splitflap.access import Access
from splitflap.errors import Refused
from splitflap.load.ledger import Entry, Ledger
from splitflap.load.run import Load, Plan
from splitflap.load.texts import BadMix, makers, order, parse_mix
from splitflap.output import json_option, print_json, print_table

#: Seconds between two lines of progress: on a terminal, which keeps one line, and elsewhere.
REFRESH, LINE_EVERY = 0.5, 10.0

POSITIVE = click.FloatRange(min=0, min_open=True)


@click.command
@click.option(
    "--mix",
    default="plain",
    show_default=True,
    help="Kinds of text and their weights, as `plain=6,heavy=1,links=2`: `heavy` costs the "
    "renderer 0.1 s of CPU, `links` has four links that nobody has fetched yet.",
)
@click.option(
    "--page-url",
    metavar="URL",
    help="Page that `links` link to, each with something of its own in place of {}, or in its "
    "query. A slow one keeps the scraper waiting. It is asked for as often as there are links: "
    "name none that is not yours.",
)
@click.option("--rate", type=POSITIVE, metavar="N", help="Posts a second; else as many as go.")
@click.option("--count", type=click.IntRange(min=1), metavar="N", help="Most posts.")
@click.option(
    "--duration",
    type=POSITIVE,
    metavar="SECONDS",
    help="Longest that new posts are begun; 30 where there is no --count either.",
)
@click.option(
    "--concurrency",
    type=click.IntRange(1, 256),
    default=8,
    show_default=True,
    metavar="N",
    help="Most requests under way at a time.",
)
@click.option(
    "--patience",
    type=click.FloatRange(min=0),
    default=120.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest wait for what is unfinished after the last post.",
)
@click.option("--channel", help="Channel to post to; else a new one.")
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
    as_json: bool,
) -> None:
    """Post a mix of texts for a while, and show what came of them: for demonstrations.

    A post that is refused with 503 or 429 is sent again after its Retry-After, six times at most;
    `503` and `429` count such answers, `given up` the posts that none accepted. Seconds are from a
    post's first try to the end of its task. Ctrl-C ends the posting.

    Exit status: 0 all that was accepted is complete; 1 something failed, is unfinished or was
    never accepted; 2 not understood.
    """
    kinds = _kinds(mix, page_url)
    plan = Plan(
        kinds=kinds,
        makers=makers(page_url),
        channel=channel or f"load-{secrets.token_hex(4)}",
        rate=rate,
        count=count,
        duration=duration or (None if count else 30.0),
        concurrency=concurrency,
        patience=patience,
    )
    run = Load(plan, access.client)
    progress = _progress(run.ledger)
    try:
        run.run(progress)
    except KeyboardInterrupt:
        run.stop()
    finally:
        progress(last=True)
        (print_json if as_json else _print)(report(run.ledger))
    total = run.ledger.total()
    if total.complete < total.sent:
        raise Refused(f"{total.sent - total.complete} of {total.sent} posts are not complete")


def _kinds(mix: str, page_url: str | None) -> list[str]:
    try:
        kinds = order(parse_mix(mix))
    except BadMix as error:
        raise click.BadParameter(str(error), param_hint="--mix") from error
    if "links" in kinds and page_url is None:
        raise click.UsageError("`links` in --mix needs --page-url, the address of a page")
    return kinds


def report(ledger: Ledger) -> dict[str, Any]:
    """Figures by kind, and of all."""
    return {kind: _figures(entry) for kind, entry in ledger.entries.items()} | {
        "all": _figures(ledger.total())
    }


def _figures(entry: Entry) -> dict[str, Any]:
    other = sum(entry.refused.values()) - entry.refused["503"] - entry.refused["429"]
    return {
        "sent": entry.sent,
        "accepted": entry.accepted,
        "503": entry.refused["503"],
        "429": entry.refused["429"],
        "no answer": other,
        "given up": entry.given_up,
        "complete": entry.complete,
        "failed": entry.failed,
        "unfinished": entry.unfinished,
        "p50 s": entry.quantile(0.5),
        "p99 s": entry.quantile(0.99),
    }


def _print(figures: dict[str, dict[str, Any]]) -> None:
    header = ["kind", *figures["all"]]
    rows = [[kind, *map(_cell, values.values())] for kind, values in figures.items()]
    print_table(header, rows)


def _cell(value: float | None) -> str:
    if value is None:
        return "-"
    return str(value) if isinstance(value, int) else f"{value:.2f}"


def _progress(ledger: Ledger) -> Callable[..., None]:
    """Says how far it is on standard error: on one line of a terminal, else now and then."""
    is_terminal = sys.stderr.isatty()
    began = time.monotonic()
    due = began

    def show(*, last: bool = False) -> None:
        nonlocal due
        now = time.monotonic()
        if now < due and not (last and is_terminal):
            return
        due = now + (REFRESH if is_terminal else LINE_EVERY)
        total = ledger.total()
        line = (
            f"{now - began:6.0f} s  sent {total.sent}  accepted {total.accepted}  "
            f"refused {sum(total.refused.values())}  complete {total.complete}  "
            f"unfinished {total.unfinished}"
        )
        click.echo(f"\r{line}  " if is_terminal else line, nl=last or not is_terminal, err=True)

    return show
