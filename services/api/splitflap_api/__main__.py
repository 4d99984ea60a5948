"""`splitflap-api serve` and `splitflap-api migrate`.

Only what has no locks and selectors of its own is imported here: `serve` forks a worker that is
patched after the fork, and imports the service then.
"""

import os
import sys

from splitflap_core.runtime import EX_UNAVAILABLE, boot, claim_port

from splitflap_api.settings import ApiSettings

USAGE = """\
usage: splitflap-api serve                      serve until stopped
       splitflap-api migrate [--wait SECONDS]   bring the database's schema up to this release;
                                                a database that does not answer is waited for
Settings are the environment's SPLITFLAP_ variables, see docs/configuration.md.
"""


def main() -> None:
    """Do what the argument says; `serve` where there is none."""
    match sys.argv[1:]:
        case [] | ["serve"]:
            serve()
        case ["migrate"]:
            migrate(0)
        case ["migrate", "--wait", seconds] if seconds.isdecimal():
            migrate(int(seconds))
        case arguments:
            sys.stderr.write(USAGE)
            raise SystemExit(0 if arguments[0] in {"-h", "--help"} else os.EX_USAGE)


def serve() -> None:
    """Run until SIGTERM or SIGINT; without the role `web`, nothing listens but the health port."""
    settings = boot("api", ApiSettings)
    claim_port("api", "HEALTH_PORT", settings.health_host, settings.health_port)
    if "web" in settings.roles:
        claim_port("api", "PORT", settings.host, settings.port)
        from splitflap_api.server.application import ApiApplication

        ApiApplication(settings).run()
        return

    from splitflap_core.runtime import until_signalled

    from splitflap_api.service import ApiService

    service = ApiService(settings)
    service.start()
    until_signalled()
    service.end_streams()
    service.stop()


def migrate(wait: int) -> None:
    """Bring the database's schema up to this release; `wait` so many seconds for the database."""
    settings = boot("api", ApiSettings)

    from sqlalchemy.exc import DBAPIError

    from splitflap_api.store import migrate as migrations
    from splitflap_api.store.engine import Store

    store = Store(settings.database_url, settings.data_dir, settings.database_pool)
    try:
        revision = migrations.migrate_patiently(store, wait)
    except DBAPIError as error:
        sys.stderr.write(f"splitflap api: the database: {error.orig}\n")
        raise SystemExit(EX_UNAVAILABLE) from error
    finally:
        store.close()
    sys.stdout.write(f"the schema is at revision {revision}\n")


if __name__ == "__main__":
    main()
