"""`splitflap up`."""

import os
from pathlib import Path

import click
from splitflap_core.settings import PREFIX

from splitflap.access import data_dir_option
from splitflap.launch.preflight import read_procfile
from splitflap.launch.up import LaunchPlan, run
from splitflap.parameters import SECONDS
from splitflap.settings import read_settings

#: The workspace's Procfile. An installed package has none, so it needs --procfile.
PROCFILE = Path(__file__).resolve().parents[3] / "Procfile"


@click.command
@data_dir_option
@click.option("--port", metavar="N", help=f"Port of the API.  [env: {PREFIX}PORT; default: 8000]")
@click.option(
    "--procfile",
    type=click.Path(path_type=Path, dir_okay=False),
    default=PROCFILE,
    help="Services to run, one line each: `name: program arguments`. "
    "`api` is required, and is stopped first.",
)
@click.option(
    "--ready-timeout",
    type=SECONDS,
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Give up if a service is not ready after this time.",
)
@click.pass_context
def up(
    ctx: click.Context,
    data_dir: str | None,
    port: str | None,
    procfile: Path,
    ready_timeout: float,
) -> None:
    """Run the API, the renderer and the scraper until Ctrl-C.

    The services use SQLite and a file-based broker by default, both in the data folder. They read
    all SPLITFLAP_ variables: SPLITFLAP_DATABASE_URL and SPLITFLAP_BROKER_URL choose real servers.
    A service that dies is started again. The first Ctrl-C, SIGTERM or SIGHUP lets the services
    finish their work; a second Ctrl-C kills them.

    The launcher keeps the first key in the data folder, in the file `key`.

    Exit status: 0 stopped by a signal; 1 not started, not ready in time, or killed during the
    stop; 65 the database is damaged; 78 wrong settings.
    """
    settings = read_settings(_environ(data_dir or ctx.obj.data_dir, port))
    ctx.exit(run(LaunchPlan(settings, read_procfile(procfile), ready_timeout)))


def _environ(data_dir: str | None, port: str | None) -> dict[str, str]:
    given = {PREFIX + "DATA_DIR": data_dir, PREFIX + "PORT": port}
    return dict(os.environ) | {name: value for name, value in given.items() if value is not None}
