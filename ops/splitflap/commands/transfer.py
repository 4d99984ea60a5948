"""`splitflap export` and `splitflap import`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from splitflap.errors import CommandError
from splitflap.output import Progress, duration, echo

if TYPE_CHECKING:
    from splitflap.access import Access
    from splitflap.transfer.run import ImportRun

#: What a line of an export has: the fields of a new post, and the id.
FIELDS = ("id", "channel", "author", "created_at", "text", "flavour", "breaks", "parent")

#: Seconds for which an import sends a request again while the API refuses it or is away.
PATIENCE = 600.0

_TIME = "2026-01-31T00:00:00Z"


@click.command("export")
@click.option("--channel", help="Posts of this channel; else of all channels of the key.")
@click.option("--author", help="Posts of this account.")
@click.option("--since", metavar="TIME", help=f"The earliest time of a post, such as {_TIME}.")
@click.option("--until", metavar="TIME", help="A time after that of the last post.")
@click.option("--after", metavar="ID", help="Go on after the post with this id, the last one.")
@click.pass_obj
def export_posts(access: Access, /, **filters: str | None) -> None:
    """Print posts as NDJSON, oldest first: a line of JSON for each.

    A line has the id of the post and the fields that `splitflap import` takes. To go on with a
    file, give the id of its last line: `splitflap export --after ID >> FILE`.

    Exit status: 0 all posts are printed; 1 refused or failed; 2 wrong usage.
    """
    import msgspec

    client = access.client()
    count = 0
    progress = Progress(lambda: f"{count} posts")
    output = sys.stdout.buffer
    for post in client.pages("posts", resend=True, order="oldest", **filters):
        output.write(msgspec.json.encode({name: post[name] for name in FIELDS}) + b"\n")
        count += 1
        progress.show()
    output.flush()
    progress.show(last=True)
    if not sys.stderr.isatty():
        echo(f"{count} posts exported", err=True)


@click.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="File that says how far the import has come; FILE.state by default.",
)
@click.pass_obj
def import_posts(access: Access, file: Path, state: Path | None) -> None:
    """Create posts from FILE: a line of JSON for each (NDJSON).

    A line has `text`, and if wanted `channel`, `author`, `created_at`, `parent`, `flavour` and
    `breaks`. An author other than the key's account, and `created_at`, need the scope act. The
    posts yield to those of users. The command waits for each post: it is imported once it is
    complete.

    Run the command again after an interruption, even a kill: it goes on where it stopped, and
    makes no post twice. FILE.refused has the number of each line that became no post, and the
    problem.

    Exit status: 0 all lines are imported; 1 lines were refused, or the import stopped, with the
    reason on standard error; 2 wrong usage.
    """
    from splitflap.transfer.run import ImportRun

    client = access.client(patience=PATIENCE)
    refused = file.with_name(f"{file.name}.refused")
    run = ImportRun(file, state or file.with_name(f"{file.name}.state"), refused, client.url)
    progress = Progress(lambda: _line(run))
    try:
        client.use(lambda transport: run.run(transport, progress.show))
    except KeyboardInterrupt:
        raise CommandError("interrupted; run the same command to go on") from None
    finally:
        progress.show(last=True)
    if run.state.refused:
        raise CommandError(f"{run.state.refused} lines were refused: see {refused}")
    refused.unlink()
    if not sys.stderr.isatty():
        echo(f"{run.state.imported} posts imported", err=True)


def _line(run: ImportRun) -> str:
    rate, left = run.speed
    return (
        f"imported {run.state.imported}  refused {run.state.refused}  {rate:.0f} lines/s  "
        f"left {'-' if left is None else duration(left)}"
    )
