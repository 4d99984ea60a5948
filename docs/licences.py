"""Write licences.md, the third-party software in the images; with --check, only compare it.

Names and versions come from uv.lock and from services/web/page/static/vendor/README.md. The licence
of a Python package comes from the metadata of its installed copy.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "licences.md"
SERVICES = ("api", "scraper", "renderer")
VENDOR = ROOT / "services" / "web" / "page" / "static" / "vendor" / "README.md"

#: Markers of dependencies that no image has: images run CPython on Linux.
_ELSEWHERE = re.compile(r"sys_platform == 'win32'|implementation_name == 'pypy'")

#: Licences that the metadata gives in words, by SPDX's names.
_SPDX = {
    "BSD": "BSD-3-Clause",
    "BSD License": "BSD-3-Clause",
    "MIT License": "MIT",
    "Apache 2.0": "Apache-2.0",
}

#: First lines of licence texts.
_TITLES = {"BSD 3-Clause License": "BSD-3-Clause", "The MIT License (MIT)": "MIT"}

#: Packages that some versions of Python leave out: the environment may lack their metadata.
_NOT_EVERYWHERE = {"backports-zstd": "PSF-2.0"}

_HEAD = """\
# Third-party software in the images

<!-- Made by `make docs` from uv.lock and the packages' metadata: edit docs/licences.py. -->

Splitflap is under the [MIT licence](../LICENSE). Its images carry software of others, each part
under a licence of its own. This page lists the parts that Splitflap adds to its base images. The
SBOM of a published image lists every part, those of the base included
([verify](publishing.md#verify)).

## Python packages
The images have their licence texts in `/opt/splitflap/lib/python*/site-packages/*.dist-info`. The
packages are unchanged, and each can be replaced in a derived image.

| package | version | licence | images |
| --- | --- | --- | --- |
"""

_PAGE = """
`psycopg-binary` contains libpq (PostgreSQL licence), OpenSSL (Apache-2.0), MIT Kerberos (MIT),
libcom_err (MIT), OpenLDAP (OLDAP-2.8), Cyrus SASL (BSD-3-Clause-Attribution), libcrypt
(LGPL-2.1-or-later) and libkeyutils (LGPL-2.0-or-later).

## Scripts of the page
The image `web` has them in `/srv/page/static/vendor`, with their licence texts. The wheel of the
page has them too.

| package | version | licence |
| --- | --- | --- |
"""

_BASES = """
## Base images
| image | base | its own software | licence |
| --- | --- | --- | --- |
| api, scraper, renderer | `python:*-slim` | CPython | PSF-2.0 |
| | | packages of Debian | `/usr/share/doc/*/copyright` in the image |
| web | `nginxinc/nginx-unprivileged` | nginx | BSD-2-Clause |
| | | packages of Alpine Linux | listed in the SBOM |

The chart's own RabbitMQ (MPL-2.0) and PostgreSQL (PostgreSQL licence) run from their official
images. Splitflap does not distribute these.
"""


class UnknownLicence(LookupError):
    """A package names no licence that this page can give."""


def page() -> str:
    """The text of licences.md."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    packages = {each["name"]: each for each in lock["package"]}
    carried: dict[str, list[str]] = {}
    for service in SERVICES:
        for name in _closure(packages, f"splitflap-{service}"):
            carried.setdefault(name, []).append(service)
    rows = "".join(
        f"| {name} | {packages[name]['version']} | {licence(name)} | {', '.join(images)} |\n"
        for name, images in sorted(carried.items())
    )
    return f"{_HEAD}{rows}{_PAGE}{''.join(_vendored())}{_BASES}"


def licence(name: str) -> str:
    """The SPDX expression of a package's licence.

    Raises:
        UnknownLicence: its metadata has none.
    """
    try:
        fields: Any = metadata(name)
    except PackageNotFoundError:
        if name in _NOT_EVERYWHERE:
            return _NOT_EVERYWHERE[name]
        raise UnknownLicence(f"{name} is not installed: make dev") from None
    classes = [
        each.rpartition(" :: ")[2]
        for each in fields.get_all("Classifier") or ()
        if each.startswith("License :: OSI Approved :: ")
    ]
    for found in (fields["License-Expression"], fields["License"], *classes):
        if found and len(found) < 60:  # noqa: PLR2004 - some packages put the whole text here
            return _SPDX.get(found, found)
    raise UnknownLicence(f"{name}: its metadata names no licence; add it to docs/licences.py")


def _closure(packages: dict[str, Any], first: str) -> Iterator[str]:
    """The packages of others that a member installs on Linux, without those for tests."""
    found: set[str] = set()
    wanted = [{"name": first}]
    while wanted:
        dependency = wanted.pop()
        name, extras = dependency["name"], dependency.get("extra", ())
        if _ELSEWHERE.search(dependency.get("marker", "")):
            continue
        package = packages[name]
        for extra in extras:
            wanted.extend(package["optional-dependencies"][extra])
        if name not in found:
            found.add(name)
            wanted.extend(package.get("dependencies", ()))
    yield from (name for name in found if "registry" in packages[name]["source"])


def _vendored() -> Iterator[str]:
    """The npm packages in the table of the folder's README."""
    rows = re.findall(
        r"^\| `(\w+)/.*` \| (\S+) \| (\S+) \|", VENDOR.read_text("utf-8"), re.MULTILINE
    )
    for folder, name, version in sorted(set(rows)):
        title = (VENDOR.parent / folder / "LICENSE").read_text(encoding="utf-8").partition("\n")[0]
        spdx = {"BSD 3-Clause License": "BSD-3-Clause", "The MIT License (MIT)": "MIT"}[
            title.strip()
        ]
        yield f"| {name} | {version} | {spdx} |\n"


def main() -> None:
    """Run the command line."""
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(page(), encoding="utf-8")
    elif PAGE.read_text(encoding="utf-8") != page():
        print("stale: docs/licences.md (make docs)")
        sys.exit(1)


if __name__ == "__main__":
    main()
