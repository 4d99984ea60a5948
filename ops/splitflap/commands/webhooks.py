"""`splitflap webhooks`."""

from typing import Any

import click

from splitflap.access import Access
from splitflap.output import echo, json_option, print_json, print_table, printable

_webhook = click.argument("webhook_id", metavar="ID")


@click.group
def webhooks() -> None:
    """Create, list, test, enable and delete webhooks of the key, and replay what did not arrive.

    Needs a key with the scope write.
    """


@webhooks.command
@click.argument("url")
@click.option(
    "--event",
    "events",
    multiple=True,
    type=click.Choice(["task.done", "task.failed", "preview"]),
    help="An event that it is told; repeat the option. Default: both of tasks.",
)
@click.option("--named-only", is_flag=True, help="Told only of requests that name it.")
@json_option
@click.pass_obj
def create(
    access: Access, url: str, events: tuple[str, ...], named_only: bool, as_json: bool
) -> None:
    """Create a webhook and print its secret. It is shown once.

    Standard output has the secret alone, so SECRET=$(splitflap webhooks create ...) works.
    """
    from splitflap.client import body_of

    client = access.client()
    new: dict[str, Any] = {"url": url, "always": not named_only}
    if events:
        new["events"] = list(events)
    _print_secret(body_of(client.send("POST", client.at("webhooks"), json=new)), as_json)


@webhooks.command
@_webhook
@json_option
@click.pass_obj
def rotate(access: Access, webhook_id: str, as_json: bool) -> None:
    """Give a webhook a new secret, and print it. For a day, the old one signs too."""
    from splitflap.client import body_of

    client = access.client()
    path = client.at("webhooks", webhook_id, "rotate")
    _print_secret(body_of(client.send("POST", path)), as_json)


@webhooks.command("list")
@json_option
@click.pass_obj
def list_webhooks(access: Access, as_json: bool) -> None:
    """List the webhooks of the key. Secrets are not shown."""
    found = list(access.client().pages("webhooks"))
    if as_json:
        print_json({"items": found})
        return
    print_table(
        ["id", "url", "events", "told of", "waiting", "dropped", "failing since", "disabled by"],
        [
            [
                each["id"],
                each["url"],
                ",".join(each["events"]),
                "all" if each["always"] else "named",
                str(each["waiting"]),
                str(each["dropped"]),
                each["failing_since"] or "-",
                each["disabled_by"] or "-",
            ]
            for each in found
        ],
    )


@webhooks.command
@_webhook
@click.option("--state", type=click.Choice(["waiting", "done", "dead"]), help="Only these.")
@json_option
@click.pass_obj
def deliveries(access: Access, webhook_id: str, state: str | None, as_json: bool) -> None:
    """List what a webhook was told, and how the last try ended."""
    query: dict[str, Any] = {"state": state} if state else {}
    found = list(access.client().pages("webhooks", webhook_id, "deliveries", **query))
    if as_json:
        print_json({"items": found})
        return
    print_table(
        ["id", "event", "task", "state", "try", "last", "next"],
        [
            [
                each["id"],
                each["event"],
                each["task"] or "-",
                each["state"],
                str(each["attempt"]),
                str(each["status"] or each["reason"] or "-"),
                each["next_at"] or "-",
            ]
            for each in found
        ],
    )


@webhooks.command
@_webhook
@click.pass_obj
def test(access: Access, webhook_id: str) -> None:
    """Send a webhook the event webhook.test."""
    from splitflap.client import body_of

    client = access.client()
    sent = body_of(client.send("POST", client.at("webhooks", webhook_id, "test")))
    echo(f"sent {printable(sent['id'])}")


@webhooks.command
@_webhook
@click.pass_obj
def replay(access: Access, webhook_id: str) -> None:
    """Send all dead deliveries of a webhook again."""
    from splitflap.client import body_of

    client, count = access.client(), 0
    path = client.at("webhooks", webhook_id, "replay")
    while replayed := body_of(client.send("POST", path, json={}))["replayed"]:
        count += replayed
    echo(f"{count} deliveries are sent again")


@webhooks.command
@_webhook
@click.pass_obj
def enable(access: Access, webhook_id: str) -> None:
    """Enable a webhook again, also one that was disabled because of its server's answers."""
    _change(access, webhook_id, disabled=False)
    echo(f"enabled {printable(webhook_id)}")


@webhooks.command
@_webhook
@click.pass_obj
def disable(access: Access, webhook_id: str) -> None:
    """Disable a webhook. What waits for it is kept for 30 days."""
    _change(access, webhook_id, disabled=True)
    echo(f"disabled {printable(webhook_id)}")


@webhooks.command
@_webhook
@click.pass_obj
def delete(access: Access, webhook_id: str) -> None:
    """Delete a webhook with its deliveries."""
    client = access.client()
    client.send("DELETE", client.at("webhooks", webhook_id))
    echo(f"deleted {printable(webhook_id)}")


def _change(access: Access, webhook_id: str, *, disabled: bool) -> None:
    """Replace a webhook by itself with another `disabled`."""
    from splitflap.client import body_of

    client = access.client()
    path = client.at("webhooks", webhook_id)
    webhook = body_of(client.send("GET", path))
    kept = {name: webhook[name] for name in ("url", "events", "always")}
    client.send("PUT", path, json=kept | {"disabled": disabled})


def _print_secret(webhook: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print_json(webhook)
    else:
        echo(printable(webhook["secret"]))
        echo(f"the webhook's id is {printable(webhook['id'])}", err=True)
