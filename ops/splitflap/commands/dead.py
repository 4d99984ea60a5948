"""`splitflap dead`."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from splitflap.access import Access
from splitflap.errors import CommandError
from splitflap.output import echo, json_option, print_json, print_table, printable

if TYPE_CHECKING:
    from splitflap.client import Client


@click.group
def dead() -> None:
    """List, show and replay dead letters.

    A dead letter is a job that failed for good, or an unreadable message.
    """


@dead.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most to list."
)
@click.option("--all", "include_replayed", is_flag=True, help="Include replayed letters.")
@json_option
@click.pass_obj
def list_dead(access: Access, limit: int, include_replayed: bool, as_json: bool) -> None:
    """List dead letters, newest first."""
    letters = list(islice(_letters(access.client(), include_replayed=include_replayed), limit))
    if as_json:
        print_json({"items": letters})
        return
    print_table(["id", "queue", "reason", "created", "replayed"], [_row(each) for each in letters])


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
    for field in ("id", "queue", "reason", "job", "created_at", "replayed_at"):
        echo(f"{field:<12}{printable(letter[field] or '-')}")
    echo(f"\n{printable(letter['body'] or '')}")


@dead.command
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="Replay all letters that were not replayed yet.")
@click.pass_obj
def replay(access: Access, letter_ids: tuple[str, ...], every: bool) -> None:
    """Create the jobs of dead letters again.

    If a letter cannot be replayed (for example, its post was deleted), the command reports it on
    standard error, replays the others, and exits with status 1.
    """
    if every == bool(letter_ids):
        raise click.UsageError("give ids, or --all")
    client = access.client()
    chosen = _unreplayed(client) if every else list(letter_ids)
    refused = [letter_id for letter_id in chosen if not _replay(client, letter_id)]
    echo(f"replayed {len(chosen) - len(refused)} of {len(chosen)}")
    if refused:
        raise CommandError(f"{len(refused)} cannot be replayed, for the reasons above")


def _row(letter: dict[str, Any]) -> list[str]:
    fields = ("id", "queue", "reason", "created_at")
    return [*(letter[field] for field in fields), letter["replayed_at"] or "-"]


def _replay(client: "Client", letter_id: str) -> bool:
    """Replay one letter; reports a refusal and returns False."""
    from splitflap.client import ApiRefused

    try:
        client.send("POST", client.at("dead", letter_id, "replay"))
    except ApiRefused as error:
        if error.status not in {404, 409}:
            raise
        echo(f"{printable(letter_id)}: {error.message}", err=True)
        return False
    return True


def _unreplayed(client: "Client") -> list[str]:
    # The whole list is read first, since each replay changes it.
    return [letter["id"] for letter in _letters(client, include_replayed=False)]


def _letters(client: "Client", *, include_replayed: bool) -> Iterator[dict[str, Any]]:
    return (
        letter
        for letter in client.pages("dead")
        if include_replayed or letter["replayed_at"] is None
    )
