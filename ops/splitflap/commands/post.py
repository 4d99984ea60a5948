"""`splitflap post`."""

import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TextIO

import click

from splitflap.access import Access
from splitflap.errors import CommandError
from splitflap.output import echo, print_json
from splitflap.parameters import SECONDS

if TYPE_CHECKING:
    from splitflap.client import Client

#: Longest `Prefer: wait` of one request, in seconds.
MAX_WAIT = 20


@click.command
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--channel", help="Channel of the post.")
@click.option(
    "--flavour",
    type=click.Choice(["markdown", "gfm"]),
    help="Markdown flavour of the text; else the server's default.",
)
@click.option(
    "--breaks/--no-breaks",
    default=None,
    help="Whether a newline within a paragraph is a line break; else the server's default.",
)
@click.option("--low", is_flag=True, help="Let other work go first, as for an import.")
@click.option("--wait/--no-wait", help="Wait until the post is done, and print it.")
@click.option(
    "--timeout",
    type=SECONDS,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Time limit of posting and, with --wait, of the whole task.",
)
@click.pass_obj
def post(
    access: Access,
    file: TextIO,
    channel: str | None,
    flavour: str | None,
    breaks: bool | None,
    low: bool,
    wait: bool,
    timeout: float,
) -> None:
    """Post a Markdown text.

    FILE is a path, or `-` for standard input. The command prints the address of the task or, with
    --wait, the finished post as JSON. After a lost connection the request is sent again with the
    same idempotency key, so it posts once.

    Exit status: 0 posted; 1 refused, failed or, with --wait, not done in time; 2 wrong usage.
    """
    from splitflap.client import LOW, body_of

    client = access.client()
    given = {"text": _read(file), "channel": channel, "flavour": flavour, "breaks": breaks}
    body = {name: value for name, value in given.items() if value not in {None, ""}}
    until = time.monotonic() + timeout
    headers = {"Idempotency-Key": str(uuid.uuid4())} | (LOW if low else {})
    headers |= _prefer(until) if wait else {}
    response = client.send(
        "POST", client.at("posts"), resend=True, until=until, json=body, headers=headers
    )
    if response.status_code == HTTPStatus.ACCEPTED and not wait:
        echo(client.location(response))
        return
    print_json(body_of(_final(client, response, until)))


def _final(client: "Client", response: Any, until: float) -> Any:
    """Poll a task for its final response until a time of the monotonic clock.

    Raises:
        CommandError: the task is still running then.
    """
    from splitflap.client import retry_after

    task = client.location(response) if response.status_code == HTTPStatus.ACCEPTED else ""
    while response.status_code == HTTPStatus.ACCEPTED:
        left = until - time.monotonic()
        if left <= 0:
            raise CommandError(f"the task is not done in time; it continues at {task}")
        time.sleep(min(left, retry_after(response)))
        response = client.send("GET", task, resend=True, until=until, headers=_prefer(until))
    return response


def _prefer(until: float) -> dict[str, str]:
    seconds = min(MAX_WAIT, int(until - time.monotonic()))
    return {"Prefer": f"wait={seconds}"} if seconds > 0 else {}


def _read(file: TextIO) -> str:
    try:
        return file.read()
    except UnicodeDecodeError as error:
        raise CommandError(
            f"{file.name} is not UTF-8: {error.reason} at byte {error.start}"
        ) from error
    except OSError as error:
        raise CommandError(f"cannot read {file.name}: {error.strerror}") from error
