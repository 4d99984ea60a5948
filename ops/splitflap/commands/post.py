"""`splitflap post`."""

import time
import uuid
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TextIO

import click

from splitflap.access import Access
from splitflap.errors import Refused
from splitflap.output import print_json

if TYPE_CHECKING:
    from splitflap.client import Client

#: Longest wait, in seconds, that one request asks for with `Prefer: wait`.
MAX_WAIT = 20


@click.command
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--channel", help="Channel to post to.")
@click.option(
    "--flavour",
    type=click.Choice(["markdown", "gfm"]),
    help="How the text is read, where it is not the server's default.",
)
@click.option("--wait/--no-wait", help="Follow the post until it is done, and print it.")
@click.option(
    "--timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest that posting may take and, with --wait, its being done.",
)
@click.pass_obj
def post(
    access: Access,
    file: TextIO,
    channel: str | None,
    flavour: str | None,
    wait: bool,
    timeout: float,
) -> None:
    """Post a text in Markdown from FILE, or from standard input where FILE is `-`.

    Prints the address of its task or, with --wait, the finished post as JSON. A request whose
    connection is lost is sent again, and posts once all the same.

    Exit status: 0 posted; 1 refused, failed or, with --wait, not done in time; 2 not understood.
    """
    from splitflap.client import body_of

    client = access.client()
    given = {"text": _read(file), "channel": channel, "flavour": flavour}
    body = {name: value for name, value in given.items() if value}
    until = time.monotonic() + timeout
    headers = {"Idempotency-Key": str(uuid.uuid4())} | (_prefer(until) if wait else {})
    response = client.send(
        "POST", client.at("posts"), resend=True, until=until, json=body, headers=headers
    )
    if response.status_code == HTTPStatus.ACCEPTED and not wait:
        click.echo(client.location(response))
        return
    print_json(body_of(_final(client, response, until)))


def _final(client: "Client", response: Any, until: float) -> Any:
    """The final response of a task, asked for until a time of the monotonic clock.

    Raises:
        Refused: it did not come in time.
    """
    from splitflap.client import retry_after

    task = client.location(response) if response.status_code == HTTPStatus.ACCEPTED else ""
    while response.status_code == HTTPStatus.ACCEPTED:
        left = until - time.monotonic()
        if left <= 0:
            raise Refused(f"not done in time; it goes on, and can be followed at {task}")
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
        raise Refused(f"{file.name} is not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise Refused(f"cannot read {file.name}: {error.strerror}") from error
