"""`splitflap dead`."""

import time
from collections.abc import Callable
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar
from urllib.parse import urlencode

import click

from splitflap.access import Access
from splitflap.errors import CommandError
from splitflap.output import echo, json_option, print_json, print_table, printable
from splitflap.parameters import DURATION, MAX_COUNT

if TYPE_CHECKING:
    from splitflap.client import Client

Command = TypeVar("Command", bound=Callable[..., Any])

#: Letters of one request.
BATCH = 100

#: Longest pause in seconds, while the API refuses a batch because the workers are behind.
MAX_PAUSE = 120.0

#: Most characters of a filter in the audit.
AUDITED = 200

_FILTERS = (
    click.option("--reason", metavar="TEXT", help="Only letters with this whole reason."),
    click.option(
        "--kind", "queue", metavar="NAME", help="Only this kind of job, or messages of this queue."
    ),
    click.option("--account", metavar="NAME", help="Only letters of this account."),
    click.option("--older-than", type=DURATION, help="Only older letters: 90s, 15min, 2h or 7d."),
    click.option("--newer-than", type=DURATION, help="Only newer letters."),
)


def filters(command: Command) -> Command:
    """The options that select dead letters."""
    for option in reversed(_FILTERS):
        command = option(command)
    return command


@click.group
def dead() -> None:
    """List, show, replay and drop dead letters.

    A dead letter is a job that failed for good, or an unreadable message. A text that the checks
    refused is none: its client has the reason.
    """


@dead.command("list")
@filters
@click.option(
    "--limit",
    type=click.IntRange(1, MAX_COUNT),
    default=50,
    show_default=True,
    help="Most to list.",
)
@click.option("--all", "include_replayed", is_flag=True, help="Include replayed letters.")
@json_option
@click.pass_obj
def list_dead(
    access: Access, /, limit: int, include_replayed: bool, as_json: bool, **chosen: Any
) -> None:
    """List dead letters, newest first."""
    query = _given(chosen) if include_replayed else _unreplayed(chosen)
    letters = list(islice(access.client().pages("dead", **query), limit))
    if as_json:
        print_json({"items": letters})
        return
    header = ["id", "queue", "reason", "account", "created", "replayed"]
    print_table(header, [_row(each) for each in letters])


@dead.command
@click.argument("letter_id", metavar="ID")
@json_option
@click.pass_obj
def show(access: Access, letter_id: str, as_json: bool) -> None:
    """Show one dead letter with its body."""
    letter = access.client().get("dead", letter_id)
    if as_json:
        print_json(letter)
        return
    for field in ("id", "queue", "reason", "job", "account", "created_at", "replayed_at"):
        echo(f"{field:<12}{printable(letter.get(field) or '-')}")
    echo(f"\n{printable(letter['body'] or '')}")


def choice(command: Command) -> Command:
    """The arguments of a command that changes dead letters."""
    for decorate in (
        click.option("--yes", is_flag=True, help="Do not ask."),
        click.option("--all", "every", is_flag=True, help="All letters that were not replayed."),
        filters,
        click.option(
            "--matching",
            is_flag=True,
            help="The letters that `dead list` shows with these filters.",
        ),
        click.argument("letter_ids", metavar="[ID]...", nargs=-1),
    ):
        command = decorate(command)
    return command


@dead.command
@choice
@click.pass_obj
def replay(access: Access, /, **arguments: Any) -> None:
    """Create the jobs of dead letters again.

    With --matching or --all, the command first prints the number of letters and asks. It works on
    exactly those letters, newest first, and pauses while the workers are behind. After an
    interruption, run it again: replayed letters are left out.

    If a letter cannot be replayed (for example, its post was deleted), the command reports it on
    standard error, replays the others, and exits with status 1. So it does for an id without a
    letter.
    """
    client = access.client()
    _work(client, "replay", "replayed", _chosen(client, "replay", **arguments))


@dead.command
@choice
@click.pass_obj
def drop(access: Access, /, **arguments: Any) -> None:
    """Delete dead letters for good.

    With --matching or --all, the command first prints the number of letters and asks. Their posts
    and final responses stay as they are: the letters can no longer be shown or replayed.

    An id without a letter is reported on standard error, and the exit status is then 1.
    """
    client = access.client()
    _work(client, "drop", "dropped", _chosen(client, "drop", **arguments))


# -- which letters -------------------------------------------------------------------------------


def _row(letter: dict[str, Any]) -> list[str]:
    fields = ("id", "queue", "reason", "account", "created_at", "replayed_at")
    return [letter.get(field) or "-" for field in fields]


class Chosen(NamedTuple):
    """The ids of letters, and how they were found, for the audit: empty if they were named."""

    ids: list[str]
    filter: str


def _given(chosen: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in chosen.items() if value is not None}


def _unreplayed(chosen: dict[str, Any]) -> dict[str, Any]:
    return {**_given(chosen), "replayed": "false"}


def _chosen(
    client: "Client",
    verb: str,
    *,
    letter_ids: tuple[str, ...],
    matching: bool,
    every: bool,
    yes: bool,
    **chosen: Any,
) -> Chosen:
    """The chosen letters, after a question unless they were named.

    Raises:
        UsageError: the arguments do not say which letters.
        CommandError: the answer was no, or there was none.
    """
    has_filter = any(value is not None for value in chosen.values())
    if bool(letter_ids) + matching + every != 1:
        raise click.UsageError("give ids, --matching with filters, or --all")
    if matching != has_filter:
        raise click.UsageError("--matching needs a filter, and filters need --matching")
    if letter_ids:
        return Chosen(list(dict.fromkeys(letter_ids)), "")
    query = _unreplayed(chosen)
    ids = [letter["id"] for letter in client.pages("dead", **query)]
    echo(f"{len(ids)} dead letters match")
    if ids and not yes:
        _ask(verb)
    return Chosen(ids, f"all {urlencode(query)}"[:AUDITED])


def _ask(verb: str) -> None:
    try:
        agreed = click.confirm(f"{verb} them?")
    except click.Abort:
        agreed = False
    if not agreed:
        raise CommandError(f"nothing was done; to {verb} them without a question, add --yes")


# -- the work ------------------------------------------------------------------------------------


def _work(client: "Client", verb: str, participle: str, chosen: Chosen) -> None:
    """Send the ids in batches, and report the result.

    Raises:
        CommandError: some letters were refused, or the work was interrupted.
    """
    ids = chosen.ids
    done, refused, left = 0, 0, ids
    try:
        while left:
            batch, left = left[:BATCH], left[BATCH:]
            answer = _send(client, verb, Chosen(batch, chosen.filter))
            for each in answer["refused"]:
                echo(f"{printable(each['id'])}: {printable(each['detail'])}", err=True)
            done, refused = done + answer["done"], refused + len(answer["refused"])
            left = answer["left"] + left
    except (CommandError, KeyboardInterrupt) as error:
        why = error.message if isinstance(error, CommandError) else "interrupted"
        rest = "; run the command again to go on with the rest" if _may_pass(error) else ""
        raise CommandError(f"{why}\n{participle} {done} of {len(ids)}{rest}") from error
    echo(f"{participle} {done} of {len(ids)}")
    if refused:
        raise CommandError(f"{refused} cannot be {participle}, for the reasons above")


def _may_pass(error: BaseException) -> bool:
    """Whether a repetition may succeed: not after a refusal of the request itself."""
    from splitflap.client import ApiRefused

    return not isinstance(error, ApiRefused) or error.is_temporary or error.is_fault


def _send(client: "Client", verb: str, batch: Chosen) -> Any:
    """Send a batch until the API takes it, for MAX_PAUSE seconds at most.

    Raises:
        CommandError: the last refusal.
    """
    from splitflap.client import ApiRefused, body_of

    body = {"ids": batch.ids, **({"filter": batch.filter} if batch.filter else {})}
    give_up_at = time.monotonic() + MAX_PAUSE
    while True:
        try:
            return body_of(client.send("POST", client.at(f"dead:{verb}"), json=body))
        except ApiRefused as error:
            if not error.is_temporary or time.monotonic() > give_up_at:
                raise
