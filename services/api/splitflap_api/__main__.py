"""`splitflap-api serve` and `splitflap-api migrate`.

Only what has no locks and selectors of its own is imported here: `serve` forks a worker that is
patched after the fork, and imports the service then.
"""

import os
import sys

from splitflap_core.runtime import boot, claim_port

from splitflap_api.settings import ApiSettings

USAGE = """\
usage: splitflap-api serve      serve until stopped
       splitflap-api migrate    bring the database's schema up to this release
Settings are the environment's SPLITFLAP_ variables, see docs/configuration.md.
"""


def main() -> None:
    """Do what the argument says; `serve` where there is none."""
    commands = {"serve": serve, "migrate": migrate}
    arguments = sys.argv[1:] or ["serve"]
    if len(arguments) != 1 or arguments[0] not in commands:
        sys.stderr.write(USAGE)
        raise SystemExit(0 if arguments[0] in {"-h", "--help"} else os.EX_USAGE)
    commands[arguments[0]]()


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

    from splitflap_api.service import Service

    service = Service(settings)
    service.start()
    until_signalled()
    service.end_streams()
    service.stop()


def migrate() -> None:
    """Bring the database's schema up to this release."""
    settings = boot("api", ApiSettings)

    from splitflap_api.store import migrate as migrations
    from splitflap_api.store.engine import Store

    store = Store(settings.database_url, settings.data_dir, settings.database_pool)
    revision = migrations.migrate(store)
    store.close()
    sys.stdout.write(f"the schema is at revision {revision}\n")


if __name__ == "__main__":
    main()
