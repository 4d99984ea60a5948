"""The page's files as the API serves them, called as a server calls it."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from splitflap_api.page import BadPage, Page
from splitflap_web.headers import SECURITY
from splitflap_web.site import build
from werkzeug.test import create_environ

CSS = "a { color: red }\n" * 50


class Served:
    """A built page with three files, and the last response."""

    def __init__(self, folder: Path) -> None:
        source = folder / "source"
        (source / "static").mkdir(parents=True)
        (source / "index.html").write_text('<link href="static/a.css">', encoding="utf-8")
        (source / "ops.html").write_text("ops", encoding="utf-8")
        (source / "static/a.css").write_text(CSS, encoding="utf-8")
        self.folder = build(folder / "site", source)
        self.style = next(path for path in self.manifest()["files"] if path.endswith("a.css"))
        self.page = Page.load(str(self.folder))
        self.status = ""
        self.headers: dict[str, str] = {}

    def manifest(self) -> Any:
        """The list of what is served."""
        return json.loads((self.folder / "site.json").read_bytes())

    def get(self, path: str, method: str = "GET", **headers: str) -> bytes | None:
        """The body of a response; None if the application answers."""

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            self.status, self.headers = status[:3], dict(headers)
            assert len(headers) == len(self.headers)

        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        environ = create_environ("/", method=method, headers=fields) | {"PATH_INFO": path}
        body = self.page.serve(environ, start)
        return None if body is None else b"".join(body)


@pytest.fixture
def served(tmp_path: Path) -> Served:
    """A page."""
    return Served(tmp_path)


def test_a_page_is_asked_for_again(served: Served) -> None:
    """With the tag of the first response the second is 304, without a body."""
    assert served.get("/ops") == b"ops"
    assert served.status == "200"
    assert served.headers["Content-Type"] == "text/html; charset=utf-8"
    assert served.headers["Cache-Control"] == "no-cache"
    assert served.headers["Content-Length"] == "3"
    tag = served.headers["ETag"]
    for given in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        assert served.get("/ops", If_None_Match=given) == b""
        assert served.status == "304"
        assert served.headers["ETag"] == tag
        assert "Content-Length" not in served.headers
    served.get("/ops", If_None_Match='"other"')
    assert served.status == "200"


def test_a_static_file_is_kept_for_ever(served: Served) -> None:
    """Its path has the hash of its contents."""
    assert served.get(served.style) == CSS.encode()
    assert served.headers["Cache-Control"] == "public, max-age=31536000, immutable"
    assert served.headers["Content-Type"] == "text/css; charset=utf-8"


def test_a_client_gets_the_coding_that_it_takes(served: Served) -> None:
    """Each coding has its own tag, and the response says what it depends on."""
    plain = served.get(served.style, Accept_Encoding="br, gzip;q=0")
    assert plain == CSS.encode()
    assert "Content-Encoding" not in served.headers
    tag = served.headers["ETag"]
    packed = served.get(served.style, Accept_Encoding="deflate, gzip")
    assert packed
    assert gzip.decompress(packed) == CSS.encode()
    assert served.headers["Content-Encoding"] == "gzip"
    assert served.headers["Content-Length"] == str(len(packed))
    assert served.headers["Vary"] == "Accept-Encoding"
    assert served.headers["ETag"] != tag


def test_head_has_the_headers_of_get(served: Served) -> None:
    """And no body."""
    served.get("/ops")
    headers = served.headers
    assert served.get("/ops", "HEAD") == b""
    assert served.headers == headers


@pytest.mark.parametrize("accept", ["application/json", "application/json, text/plain, */*"])
def test_a_client_that_asks_for_json_gets_the_index(served: Served, accept: str) -> None:
    """The application answers it."""
    assert served.get("/", Accept=accept) is None


@pytest.mark.parametrize("accept", ["", "*/*", "text/html,application/xhtml+xml,*/*;q=0.8"])
def test_others_get_the_page(served: Served, accept: str) -> None:
    """Browsers, and clients without a wish."""
    assert served.get("/", Accept=accept) is not None
    assert served.headers["Vary"] == "Accept, Accept-Encoding"


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_a_file_is_only_read(served: Served, method: str) -> None:
    """`/` is the index too, so the application answers these methods there."""
    assert b"method-not-allowed" in (served.get("/ops", method) or b"")
    assert served.status == "405"
    assert served.headers["Allow"] == "GET, HEAD"
    assert served.get("/", method) is None


@pytest.mark.parametrize(
    "path",
    ["/site.json", "/index.html", "/ops.html", "/static", "/static/", "/static/../ops.html",
     "/../source/index.html", "//ops", "/ops/", "/ops/..", "/ops\x00", "/static/..%2fsite.json",
     "/a.css.gz", "", "ops", "/v1/posts", "/OPS", "/etc/passwd", "/\\..\\site.json"],
)  # fmt: skip
def test_other_paths_are_the_applications(served: Served, path: str) -> None:
    """Nothing but the listed paths is served, and no folder has a list."""
    assert served.get(path) is None
    assert served.get(f"{served.style}.gz") is None
    assert served.get(served.style.rpartition("/")[0] + "/") is None


def test_each_response_has_the_security_headers(served: Served) -> None:
    """Also 304, and scripts: the policy of a worker is that of its script."""
    for path in ("/", "/ops", served.style):
        served.get(path)
        assert SECURITY.items() <= served.headers.items()
        served.get(path, If_None_Match=served.headers["ETag"])
        assert served.status == "304"
        assert SECURITY.items() <= served.headers.items()


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(BadPage, match=str(tmp_path)):
        Page.load(str(tmp_path))
    (tmp_path / "site.json").write_text("[]", encoding="utf-8")
    with pytest.raises(BadPage, match=str(tmp_path)):
        Page.load(str(tmp_path))


@pytest.mark.parametrize("name", ["../secret", "/etc/hostname", "link"])
def test_a_file_outside_of_the_folder_is_refused(served: Served, name: str) -> None:
    """By its name, or through a link."""
    (served.folder.parent / "secret").touch()
    (served.folder / "link").symlink_to(served.folder.parent / "secret")
    manifest = served.manifest()
    manifest["files"]["/ops"]["file"] = name
    (served.folder / "site.json").write_text(json.dumps(manifest), encoding="utf-8")
    with pytest.raises(BadPage, match="outside of the folder"):
        Page.load(str(served.folder))
