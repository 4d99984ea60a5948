"""`splitflap keys`."""

import click

from splitflap.access import Access
from splitflap.output import json_option, print_json, print_table, printable


@click.group
def keys() -> None:
    """Make, list and revoke keys; needs a key with the scope admin."""


@keys.command
@click.option("--account", required=True, help="On whose behalf the key acts.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["read", "write", "admin"]),
    help="What it may do; give several as --scope read --scope write.",
)
@click.option("--name", default="", help="A note on what it is for.")
@json_option
@click.pass_obj
def create(access: Access, account: str, scopes: tuple[str, ...], name: str, as_json: bool) -> None:
    """Make a key, and print it: this once, for only its hash is kept.

    Standard output has the key and nothing else, so that KEY=$(splitflap keys create ...) works.
    """
    from splitflap.client import body_of

    client = access.client()
    new = {"account": account, "scopes": list(scopes), "name": name}
    made = body_of(client.send("POST", client.at("keys"), json=new))
    if as_json:
        print_json(made)
    else:
        click.echo(printable(made["key"]))
        click.echo(f"its id is {printable(made['id'])}, for `splitflap keys revoke`", err=True)


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(access: Access, as_json: bool) -> None:
    """List all keys, without their secrets."""
    answer = access.client().get("keys")
    if as_json:
        print_json(answer)
        return
    print_table(
        ["id", "account", "scopes", "name", "created", "revoked"],
        [
            [
                key["id"],
                key["account"],
                ",".join(key["scopes"]),
                key["name"],
                key["created_at"],
                key["revoked_at"] or "-",
            ]
            for key in answer["items"]
        ],
    )


@keys.command
@click.argument("key_id", metavar="ID")
@click.pass_obj
def revoke(access: Access, key_id: str) -> None:
    """Revoke the key with this id; it is refused everywhere within seconds."""
    client = access.client()
    client.send("DELETE", client.at("keys", key_id))
    click.echo(f"revoked {printable(key_id)}")
