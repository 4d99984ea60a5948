"""Builds the folder of the page that the API and nginx serve.

The folder has the HTML files, `static/<hash>/` with all other files, and `site.json`. The hash is
of all these files, so a browser keeps each one for ever. A file that compresses well has a `.gz`
beside it. `site.json` names the served paths with their media types and headers.
"""

import gzip
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from splitflap_web.headers import IMMUTABLE, REVALIDATED, SECURITY

#: The page's source: inside the package if a wheel installed it, beside the package in a clone.
_INSIDE = Path(__file__).with_name("page")
SOURCE = _INSIDE if _INSIDE.is_dir() else Path(__file__).parents[1] / "page"

#: The list of what is served. It is not served itself.
MANIFEST = "site.json"

#: Media types by the end of a name. A file of another kind fails the build.
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".webp": "image/webp",
    ".woff2": "font/woff2",
}

#: Files for readers of the source; a copied library keeps its licence.
LEFT_OUT = frozenset({".md", ".ts"})
LICENCE = "LICENSE"

#: Ends of names whose files are compressed already.
COMPRESSED = frozenset({".ico", ".png", ".webp", ".woff2"})

#: Hexadecimal digits of the hash in the path.
HASH_DIGITS = 12

#: A reference to a file below static/, in an attribute of an HTML file.
_REFERENCE = re.compile(r"""(?<==["'])/?static/([^"'?#]+)""")


class SiteError(Exception):
    """The site cannot be built; the message names the file and the reason."""


def build(target: Path, source: Path = SOURCE) -> Path:
    """Build the site into `target`, which is replaced as a whole, and return it.

    Raises:
        SiteError: a file has an unknown kind, a reference leads nowhere, or `target` is a folder
            that no build has made.
        OSError: a file cannot be read or written.
    """
    pages = _read(source, below="")
    static = _read(source, below="static")
    if "index.html" not in pages:
        raise SiteError(f"{source} has no index.html")
    prefix = f"static/{_hash(static)}"
    files = {name: _linked(name, body, static, prefix) for name, body in pages.items()}
    files |= {f"{prefix}/{name}": body for name, body in static.items()}
    _check_target(target)
    draft = target.with_name(f"{target.name}.new")
    shutil.rmtree(draft, ignore_errors=True)
    for name, body in files.items():
        _write(draft / name, body)
    (draft / MANIFEST).write_text(json.dumps(_manifest(files), indent=1), encoding="utf-8")
    _replace(target, draft)
    return target


def path_of(name: str) -> str:
    """The path at which a file is served: `/` for index.html, `/ops` for ops.html."""
    return "/" + name.removesuffix(".html").removesuffix("index" if name == "index.html" else "")


def _read(source: Path, below: str) -> dict[str, bytes]:
    """The files of a folder by their relative names; those of `static` with its sub-folders."""
    folder = source / below
    found = folder.rglob("*") if below else folder.glob("*")
    files = {}
    for each in sorted(found):
        name = each.relative_to(folder).as_posix()
        hidden = any(part.startswith(".") for part in name.split("/"))
        if hidden or each.is_dir() or each.suffix in LEFT_OUT:
            continue
        _type(name)
        files[name] = each.read_bytes()
    return files


def _hash(files: Mapping[str, bytes]) -> str:
    tree = hashlib.sha256()
    for name, body in files.items():
        tree.update(f"{name}\0{len(body)}\0".encode() + body)
    return tree.hexdigest()[:HASH_DIGITS]


def _linked(name: str, body: bytes, static: Mapping[str, bytes], prefix: str) -> bytes:
    """An HTML file with its references to static files changed to their hashed paths."""
    if not name.endswith(".html"):
        return body

    def link(found: re.Match[str]) -> str:
        if found[1] not in static:
            raise SiteError(f"{name} refers to static/{found[1]}, which does not exist")
        return f"/{prefix}/{found[1]}"

    return _REFERENCE.sub(link, body.decode("utf-8")).encode("utf-8")


def _type(name: str) -> str:
    if name.rpartition("/")[2] == LICENCE:
        return TYPES[".txt"]
    try:
        return TYPES[Path(name).suffix]
    except KeyError:
        raise SiteError(f"{name} has no known media type; see TYPES in site.py") from None


def _manifest(files: Mapping[str, bytes]) -> dict[str, object]:
    return {
        "headers": SECURITY,
        "files": {
            path_of(name): {
                "file": name,
                "type": _type(name),
                "cache": IMMUTABLE if name.startswith("static/") else REVALIDATED,
            }
            for name in files
        },
    }


def _write(path: Path, body: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(body)
    if path.suffix not in COMPRESSED:
        smaller = gzip.compress(body, compresslevel=9, mtime=0)
        if len(smaller) < len(body):
            path.with_name(f"{path.name}.gz").write_bytes(smaller)


def _check_target(target: Path) -> None:
    """Refuse to replace a folder that this module has not made."""
    if target.exists() and not (target / MANIFEST).is_file() and any(target.iterdir()):
        raise SiteError(f"{target} is not empty, and has no {MANIFEST} of an earlier build")


def _replace(target: Path, draft: Path) -> None:
    old = target.with_name(f"{target.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if target.exists():
        target.rename(old)
    draft.rename(target)
    shutil.rmtree(old, ignore_errors=True)
