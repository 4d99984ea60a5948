"""`python -m splitflap_web TARGET` builds the folder that the API or nginx serves."""

import sys
from pathlib import Path

from splitflap_web.site import SiteError, build

USAGE = """\
usage: python -m splitflap_web TARGET   build the page into the folder TARGET
"""


def main() -> None:
    """Run the command in the arguments."""
    match sys.argv[1:]:
        case [target] if not target.startswith("-"):
            try:
                build(Path(target))
            except (SiteError, OSError) as error:
                sys.exit(f"splitflap_web: cannot build {target}: {error}")
        case arguments:
            sys.stderr.write(USAGE)
            sys.exit(0 if arguments[:1] in (["-h"], ["--help"]) else 64)


if __name__ == "__main__":
    main()
