"""`splitflap dead`."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

import click

from splitflap.access import Access
from splitflap.errors import Refused
from splitflap.output import json_option, print_json, print_table, printable

if TYPE_CHECKING:
    from splitflap.client import Client


@click.group
def dead() -> None:
    """Jobs that ended without an answer, and messages that nobody could read."""


@dead.command("list")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most to list."
)
@click.option("--all", "replayed_too", is_flag=True, help="Those too that were replayed.")
@json_option
@click.pass_obj
def list_dead(access: Access, limit: int, replayed_too: bool, as_json: bool) -> None:
    """List dead letters, newest first."""
    letters = list(islice(_letters(access.client(), replayed_too=replayed_too), limit))
    if as_json:
        print_json({"items": letters})
        return
    print_table(
        ["id", "queue", "reason", "created", "replayed"],
        [
            [
                letter["id"],
                letter["queue"],
                letter["reason"],
                letter["created_at"],
                letter["replayed_at"] or "-",
            ]
            for letter in letters
        ],
    )


@dead.command
@click.argument("letter_id", metavar="ID")
@json_option
@click.pass_obj
def show(access: Access, letter_id: str, as_json: bool) -> None:
    """Show one dead letter, with its body."""
    letter = access.client().get("dead", letter_id)
    if as_json:
        print_json(letter)
        return
    for field in ("id", "queue", "reason", "job", "created_at", "replayed_at"):
        click.echo(f"{field:<12}{printable(letter[field] or '-')}")
    click.echo(f"\n{printable(letter['body'] or '')}")


@dead.command
@click.argument("letter_ids", metavar="[ID]...", nargs=-1)
@click.option("--all", "every", is_flag=True, help="All that were not replayed yet.")
@click.pass_obj
def replay(access: Access, letter_ids: tuple[str, ...], every: bool) -> None:
    """Give dead letters back, to be done once more.

    One that cannot be replayed (its post was deleted, say) is named on standard error, the others
    are replayed, and the exit status is 1.
    """
    if every == bool(letter_ids):
        raise click.UsageError("give ids, or --all")
    client = access.client()
    chosen = _unreplayed(client) if every else list(letter_ids)
    refused = [letter_id for letter_id in chosen if not _replay(client, letter_id)]
    click.echo(f"replayed {len(chosen) - len(refused)} of {len(chosen)}")
    if refused:
        raise Refused(f"{len(refused)} cannot be replayed, as said above")


def _replay(client: "Client", letter_id: str) -> bool:
    """Whether it was given back; says so where not."""
    from splitflap.client import ApiRefused

    try:
        client.send("POST", client.at("dead", letter_id, "replay"))
    except ApiRefused as error:
        if error.status not in {404, 409}:
            raise
        click.echo(f"{printable(letter_id)}: {error.message}", err=True)
        return False
    return True


def _unreplayed(client: "Client") -> list[str]:
    # All of them before the first is replayed: that changes the list.
    return [letter["id"] for letter in _letters(client, replayed_too=False)]


def _letters(client: "Client", *, replayed_too: bool) -> Iterator[dict[str, Any]]:
    return (
        letter for letter in client.pages("dead") if replayed_too or letter["replayed_at"] is None
    )
