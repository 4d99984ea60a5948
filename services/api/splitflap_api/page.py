"""The page's files, served from memory. They take no slot of the API's requests.

`python -m splitflap_web FOLDER` makes them. Its `site.json` names each served path, and every other
path is the application's, so no path reaches another file.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from werkzeug.datastructures import MIMEAccept
from werkzeug.http import parse_accept_header, parse_etags

from splitflap_api.contract.problems import MEDIA_TYPE, Problem

Environ = dict[str, Any]

#: The list of what is served.
MANIFEST = "site.json"

#: The path that is also the API's index, for clients that ask for JSON.
INDEX = "/"

#: Bytes of all files together, in memory.
MAX_BYTES = 16 << 20

#: Fields of Accept and Accept-Encoding whose reading is kept: those of the browsers of a day.
MAX_KEPT = 256

READING = ("GET", "HEAD")

_GZIP = "gzip"


class BadPage(Exception):
    """The folder is no built page; the message gives the reason."""


@dataclass(frozen=True, slots=True)
class Representation:
    """A file in one coding, with its headers."""

    body: bytes
    etag: str
    headers: list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file as it is, and compressed if that is smaller."""

    plain: Representation
    compressed: Representation | None

    def for_client(self, accept_encoding: str) -> Representation:
        """The compressed form for a client that accepts it."""
        return self.compressed if self.compressed and _takes_gzip(accept_encoding) else self.plain


class Page:
    """Answers requests of the page's files."""

    def __init__(self, files: Mapping[str, PageFile]) -> None:
        """`files` by their paths."""
        self._files = files

    @classmethod
    def load(cls, folder: str) -> "Page":
        """Read all files of a built page.

        Raises:
            BadPage: the folder lacks `site.json` or a file, or has too much.
        """
        root = Path(folder)
        try:
            manifest = json.loads((root / MANIFEST).read_bytes())
            common = list(manifest["headers"].items())
            files = {
                path: _file(root, path, entry, common) for path, entry in manifest["files"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise BadPage(f"{folder} is no page of `python -m splitflap_web`: {error!r}") from error
        if INDEX not in files:
            raise BadPage(f"{folder} has no index.html")
        if sum(len(each.plain.body) for each in files.values()) > MAX_BYTES:
            raise BadPage(f"{folder} has more than {MAX_BYTES >> 20} MiB")
        return cls(files)

    def serve(self, environ: Environ, start_response: Any) -> Iterable[bytes] | None:
        """The response of a file; None if the path is none of the page's."""
        path = environ["PATH_INFO"]
        file = self._files.get(path)
        if file is None or (path == INDEX and _is_for_index(environ)):
            return None
        if environ["REQUEST_METHOD"] not in READING:
            return _refuse(start_response)
        found = file.for_client(environ.get("HTTP_ACCEPT_ENCODING", ""))
        if _is_known(environ.get("HTTP_IF_NONE_MATCH"), found.etag):
            headers = [each for each in found.headers if each[0] != "Content-Type"]
            start_response("304 NOT MODIFIED", headers)
            return []
        start_response("200 OK", [*found.headers, ("Content-Length", str(len(found.body)))])
        return [found.body] if environ["REQUEST_METHOD"] == "GET" else []


def _file(
    root: Path, path: str, entry: Mapping[str, str], common: list[tuple[str, str]]
) -> PageFile:
    name = entry["file"]
    source = root / name
    if not source.resolve().is_relative_to(root.resolve()):
        raise ValueError(f"{name} is outside of the folder")
    body = source.read_bytes()
    packed = source.with_name(f"{source.name}.gz")
    vary = "Accept, Accept-Encoding" if path == INDEX else "Accept-Encoding"
    headers = [
        ("Content-Type", entry["type"]),
        ("Cache-Control", entry["cache"]),
        ("Vary", vary),
        *common,
    ]
    return PageFile(
        _representation(body, headers, ""),
        _representation(packed.read_bytes(), headers, _GZIP) if packed.is_file() else None,
    )


def _representation(body: bytes, headers: list[tuple[str, str]], coding: str) -> Representation:
    etag = hashlib.blake2b(body, digest_size=8).hexdigest()
    own = [("ETag", f'"{etag}"'), *([("Content-Encoding", coding)] if coding else [])]
    return Representation(body, etag, [*headers, *own])


def _refuse(start_response: Any) -> Iterable[bytes]:
    allowed = {"Allow": ", ".join(READING)}
    problem = Problem("method-not-allowed", "a file of the page is only read", headers=allowed)
    body = problem.body()
    headers = [
        ("Content-Type", MEDIA_TYPE),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
    ]
    start_response("405 METHOD NOT ALLOWED", [*headers, *problem.headers.items()])
    return [body]


def _is_known(if_none_match: str | None, etag: str) -> bool:
    return bool(if_none_match) and parse_etags(if_none_match).contains_weak(etag)


def _is_for_index(environ: Environ) -> bool:
    """Whether a request of `/` is for the API's index: it asks for JSON, or reads nothing."""
    reads = environ["REQUEST_METHOD"] in READING
    return not reads or _prefers_json(environ.get("HTTP_ACCEPT", ""))


@lru_cache(MAX_KEPT)
def _prefers_json(accept: str) -> bool:
    """Whether JSON comes before HTML. A client that takes anything gets the page."""
    accepted = parse_accept_header(accept, MIMEAccept)
    return accepted.best_match(["text/html", "application/json"]) == "application/json"


@lru_cache(MAX_KEPT)
def _takes_gzip(accept_encoding: str) -> bool:
    return parse_accept_header(accept_encoding)[_GZIP] > 0
