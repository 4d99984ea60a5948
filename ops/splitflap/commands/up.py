"""`splitflap up`."""

import os
from pathlib import Path

import click
from splitflap_core.settings import PREFIX, BadSettings, load

from splitflap.access import data_dir_option
from splitflap.errors import WrongSettingsGiven
from splitflap.launch.settings import LauncherSettings
from splitflap.launch.up import Plan, read_procfile, run

#: The workspace's own Procfile; where only the package is installed, there is none.
PROCFILE = Path(__file__).resolve().parents[3] / "Procfile"


@click.command
@data_dir_option
@click.option(
    "--port", metavar="N", help=f"Port that requests come to.  [env: {PREFIX}PORT; default: 8000]"
)
@click.option(
    "--procfile",
    type=click.Path(path_type=Path, dir_okay=False),
    default=PROCFILE,
    help="What to run, as lines `name: program arguments`; `api` is stopped first.",
)
@click.option(
    "--ready-timeout",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    metavar="SECONDS",
    help="Longest that the start may take.",
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

    With nothing set they use SQLite and a broker of files, both in the data folder. Every
    SPLITFLAP_ variable reaches the services: SPLITFLAP_DATABASE_URL and SPLITFLAP_BROKER_URL name
    real servers. A service that dies is started again. The first Ctrl-C, SIGTERM or SIGHUP lets
    them finish their work; a second Ctrl-C kills them.

    Exit status: 0 stopped as asked; 1 not started, not ready in time, or killed at the stop;
    78 wrong settings.
    """
    try:
        settings = load(LauncherSettings, _environ(data_dir or ctx.obj.data_dir, port))
    except BadSettings as error:
        raise WrongSettingsGiven(f"wrong settings\n{error}") from error
    ctx.exit(run(Plan(settings, read_procfile(procfile), ready_timeout)))


def _environ(data_dir: str | None, port: str | None) -> dict[str, str]:
    given = {PREFIX + "DATA_DIR": data_dir, PREFIX + "PORT": port}
    return dict(os.environ) | {name: value for name, value in given.items() if value is not None}
