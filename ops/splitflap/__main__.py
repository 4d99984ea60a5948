"""The `splitflap` command."""

import os

import click
from splitflap_core.settings import PREFIX
from splitflap_core.wording.setting_errors import unknown_settings

from splitflap.access import Access, data_dir_option
from splitflap.commands.dead import dead
from splitflap.commands.keys import keys
from splitflap.commands.load import load
from splitflap.commands.post import post
from splitflap.commands.status import status
from splitflap.commands.transfer import export_posts, import_posts
from splitflap.commands.up import up
from splitflap.commands.webhooks import webhooks
from splitflap.errors import SafeGroup
from splitflap.output import echo


@click.group(cls=SafeGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--url",
    envvar=f"{PREFIX}URL",
    show_default=f"http://127.0.0.1:8000, or from {PREFIX}HOST and {PREFIX}PORT",
    show_envvar=True,
    help="Address of the API.",
)
@click.option(
    "--key",
    envvar=[f"{PREFIX}KEY", f"{PREFIX}BOOTSTRAP_KEY"],
    show_envvar=True,
    help="Key for the API; else the key that `up` keeps in the data folder.",
)
@data_dir_option
@click.version_option(package_name="splitflap")
@click.pass_context
def main(ctx: click.Context, url: str | None, key: str | None, data_dir: str | None) -> None:
    """Run a Splitflap, post to it, and inspect its queues.

    Exit status of every command: 0 success; 1 refused or failed, with the reason on standard
    error; 2 wrong usage. `up` has further ones.
    """
    for unknown in unknown_settings(os.environ, PREFIX):
        echo(f"splitflap: {unknown}", err=True)
    ctx.obj = Access(url, key, data_dir)


for command in (up, post, load, export_posts, import_posts, status, keys, webhooks, dead):
    main.add_command(command)

if __name__ == "__main__":
    main()
