"""`splitflap-api serve`, `splitflap-api migrate` and `splitflap-api admin-key`.

Modules with locks or selectors of their own are imported within functions: `serve` forks a worker,
and the worker patches the standard library before it imports the service.
"""

import os
import sys
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from splitflap_core.data_folder import API_LOCK, FolderInUse, take_lock
from splitflap_core.runtime import (
    EX_DATAERR,
    EX_UNAVAILABLE,
    boot,
    claim_port,
    unusable_folder,
    wrong_settings,
)
from splitflap_core.settings import PREFIX

from splitflap_api.settings import ApiSettings, DatabaseSettings

if TYPE_CHECKING:  # see above
    from collections.abc import Iterator

    from splitflap_api.loops.waiters import Waiters
    from splitflap_api.service import ApiService
    from splitflap_api.store.engine import Store

#: Seconds to wait for the database's lock: the children of a killed API end within a second.
LOCK_TIMEOUT = 5.0

USAGE = """\
usage: splitflap-api serve                      serve until stopped
       splitflap-api migrate [--wait SECONDS]   bring the database's schema up to this release;
                                                wait for the database if it does not answer
       splitflap-api admin-key                  create a key with every scope but act,
                                                and print it: the way back in without a key
The environment's SPLITFLAP_ variables are the settings, see docs/configuration.md.
"""


def main() -> None:
    """Run the command in the arguments; `serve` is the default."""
    match sys.argv[1:]:
        case [] | ["serve"]:
            serve()
        case ["migrate"]:
            migrate(0)
        case ["migrate", "--wait", seconds] if seconds.isdecimal():
            migrate(int(seconds))
        case ["admin-key"]:
            create_admin_key()
        case arguments:
            sys.stderr.write(USAGE)
            raise SystemExit(0 if arguments[0] in {"-h", "--help"} else os.EX_USAGE)


def serve() -> None:
    """Run until SIGTERM or SIGINT. Without the role `web` only the health port is open."""
    settings = boot("api", ApiSettings)
    with claim_database(settings):
        claim_port("api", "HEALTH_PORT", settings.health_host, settings.health_port)
        if "web" in settings.roles:
            serve_web(settings)
        else:
            serve_outcomes(settings)


def claim_database(settings: ApiSettings) -> AbstractContextManager[object]:
    """Lock the embedded database for the one API that may serve it, and check its file.

    A second API, a damaged file and an unusable folder end the process with one reason.
    """
    if settings.database_url is not None:
        return nullcontext()
    from splitflap_api.store.embedded import DATABASE_FILE, DatabaseDamaged, check_readable

    folder = Path(settings.data_dir)
    try:
        lock = take_lock(folder / API_LOCK, LOCK_TIMEOUT)
        check_readable(folder / DATABASE_FILE)
    except FolderInUse as error:
        raise _ended(
            EX_UNAVAILABLE,
            f"another `splitflap-api serve` (process {error.holder}) serves the data folder "
            f"{folder}; stop it, or set {PREFIX}DATA_DIR to another folder",
        ) from error
    except DatabaseDamaged as error:
        raise _ended(EX_DATAERR, str(error)) from error
    except OSError as error:
        raise wrong_settings("api", unusable_folder(error)) from error
    return lock


def _ended(status: int, message: str) -> SystemExit:
    """Print one line. The caller raises the return value."""
    sys.stderr.write(f"splitflap-api: {message}\n")
    return SystemExit(status)


def serve_web(settings: ApiSettings) -> None:
    """Serve HTTP under gunicorn; server/worker.py starts and stops the service."""
    claim_port("api", "PORT", settings.host, settings.port)
    from splitflap_api.server.application import ApiApplication

    ApiApplication(settings, new_service).run()


def serve_outcomes(settings: ApiSettings) -> None:
    """Run the service in threads, without a web server."""
    from splitflap_core.runtime import StopSignal

    service = new_service(settings)
    stop = StopSignal()
    service.start()
    stop.wait()
    service.end_streams()
    service.stop()


def new_service(settings: ApiSettings, waiters: "Waiters | None" = None) -> "ApiService":
    """The service, wired. `waiters` hold waiting requests; threads by default."""
    from splitflap_api.service import ApiService

    return ApiService(settings, waiters)


def migrate(wait: int) -> None:
    """Bring the database's schema up to this release. Wait `wait` seconds for the database."""
    from splitflap_api.store import migrate as migrations

    with opened_database("migrate") as store:
        revision = migrations.migrate_with_retries(store, wait)
    sys.stdout.write(f"the schema is at revision {revision}\n")


def create_admin_key() -> None:
    """Create a key with every scope but act, beside a running API.

    Standard output has the key alone.
    """
    from splitflap_api.contract.models import KeyInput
    from splitflap_api.domain.access.keys import ALL_SCOPES, Keyring
    from splitflap_api.store.migrate import check_schema

    new = KeyInput(account="admin", scopes=list(ALL_SCOPES), name="splitflap-api admin-key")
    with opened_database("admin-key") as store:
        check_schema(store)
        key = Keyring(store).create(new)
    sys.stdout.write(f"{key.key}\n")
    sys.stderr.write(f"its id is {key.id}, for `splitflap keys revoke`\n")


@contextmanager
def opened_database(command: str) -> "Iterator[Store]":
    """The database of the settings. An unusable one ends the process with one line."""
    settings = boot("api", DatabaseSettings)

    from sqlalchemy.exc import DBAPIError

    from splitflap_api.store.embedded import DatabaseDamaged
    from splitflap_api.store.engine import Store
    from splitflap_api.store.migrate import UnusableSchema

    store = Store(settings.database_url, settings.data_dir, settings.database_pool)
    try:
        yield store
    except (DatabaseDamaged, UnusableSchema) as error:
        raise _ended(EX_DATAERR, str(error)) from error
    except DBAPIError as error:
        raise _ended(EX_UNAVAILABLE, f"{command}: database: {error.orig}") from error
    finally:
        store.close()


if __name__ == "__main__":
    main()
