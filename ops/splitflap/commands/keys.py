"""`splitflap keys`."""

from typing import Any

import click

from splitflap.access import Access
from splitflap.output import echo, json_option, print_json, print_table, printable


@click.group
def keys() -> None:
    """Create, list and revoke keys. Needs a key with the scope admin."""


@keys.command
@click.option("--account", required=True, help="Account of the key.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    required=True,
    type=click.Choice(["read", "write", "act", "observe", "admin"]),
    help="Permission of the key; repeat the option to give several.",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    help="The only channels of the key: a name, or a beginning and *. Repeat it to give several.",
)
@click.option("--name", default="", help="A note on the purpose of the key.")
@json_option
@click.pass_obj
def create(
    access: Access,
    account: str,
    scopes: tuple[str, ...],
    channels: tuple[str, ...],
    name: str,
    as_json: bool,
) -> None:
    """Create a key and print it. It is shown once: the API keeps only its hash.

    Standard output has the key alone, so KEY=$(splitflap keys create ...) works.
    """
    from splitflap.client import body_of

    client = access.client()
    new: dict[str, Any] = {"account": account, "scopes": list(scopes), "name": name}
    if channels:
        new["channels"] = list(channels)
    key = body_of(client.send("POST", client.at("keys"), json=new))
    if as_json:
        print_json(key)
    else:
        echo(printable(key["key"]))
        echo(f"its id is {printable(key['id'])}, for `splitflap keys revoke`", err=True)


@keys.command("list")
@json_option
@click.pass_obj
def list_keys(access: Access, as_json: bool) -> None:
    """List all keys. Secrets are not shown."""
    found = list(access.client().pages("keys"))
    if as_json:
        print_json({"items": found})
        return
    print_table(
        ["id", "account", "scopes", "channels", "name", "created", "revoked"],
        [_row(key) for key in found],
    )


def _row(key: dict[str, Any]) -> list[str]:
    scopes = ",".join(key["scopes"])
    channels = ",".join(key["channels"] or ["*"])
    revoked = key["revoked_at"] or "-"
    return [key["id"], key["account"], scopes, channels, key["name"], key["created_at"], revoked]


@keys.command
@click.argument("key_id", metavar="ID")
@click.option("--force", is_flag=True, help="Revoke the last key with the scope admin too.")
@click.pass_obj
def revoke(access: Access, key_id: str, force: bool) -> None:
    """Revoke a key. Every replica refuses it within seconds.

    The API refuses to revoke the last key with the scope admin. Without such a key, create one with
    `splitflap-api admin-key`, with the settings of the API.
    """
    client = access.client()
    query = {"force": "true"} if force else {}
    client.send("DELETE", client.at("keys", key_id), params=query)
    echo(f"revoked {printable(key_id)}")
