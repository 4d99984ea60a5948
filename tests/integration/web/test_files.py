"""The page's files as nginx serves them."""

import gzip
from pathlib import Path

import pytest
import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.servers.page_nginx import PageNginx

from .rig import PATIENCE, manifest

#: Every file without the compression of a browser.
PLAIN = {"Accept-Encoding": "identity"}


def get(nginx: PageNginx, path: str, **headers: str) -> requests.Response:
    """One GET."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return requests.get(nginx.url + path, headers={**PLAIN, **names}, timeout=PATIENCE)


def test_each_file_has_the_type_the_cache_and_the_headers_of_the_build(
    nginx: PageNginx, site: Path
) -> None:
    """The API reads the same list, so both serve the same."""
    listed = manifest(site)
    assert {"/", "/ops"} <= listed["files"].keys()
    for path, file in listed["files"].items():
        answer = get(nginx, path)
        assert answer.status_code == 200, path
        assert answer.content == (site / file["file"]).read_bytes()
        assert answer.headers["Content-Type"] == file["type"], path
        assert answer.headers["Cache-Control"] == file["cache"], path
        assert listed["headers"].items() <= dict(answer.headers).items(), path
        assert ("ETag" in answer.headers) == path.startswith("/static/")


def test_text_comes_compressed_as_the_build_made_it(nginx: PageNginx, site: Path) -> None:
    """Nginx sends the `.gz` beside the file, through another proxy too."""
    for path, file in manifest(site)["files"].items():
        compressed = site / f"{file['file']}.gz"
        if compressed.exists():
            with requests.get(
                nginx.url + path,
                headers={"Accept-Encoding": "gzip", "Via": "1.1 gateway"},
                stream=True,
                timeout=PATIENCE,
            ) as answer:
                assert answer.headers["Content-Encoding"] == "gzip"
                assert answer.headers["Vary"] == "Accept-Encoding"
                raw = answer.raw.read()
                assert raw == compressed.read_bytes()
                assert gzip.decompress(raw) == (site / file["file"]).read_bytes()


@pytest.mark.parametrize("path", ["/", "/ops"])
def test_a_page_is_sent_whole_each_time(nginx: PageNginx, path: str) -> None:
    """Its time and size may be those of the page of another release, which names other files."""
    held = {"If-Modified-Since": get(nginx, path).headers["Last-Modified"]}
    for asked in (held, {"If-None-Match": '"0-0"'}):
        again = requests.get(nginx.url + path, headers=asked, timeout=PATIENCE)
        assert (again.status_code, bool(again.content)) == (200, True)


def test_nginx_tells_no_version(nginx: PageNginx) -> None:
    """Attackers look versions up."""
    assert get(nginx, "/").headers["Server"] == "nginx"


def test_the_health_port_does_not_ask_the_api(nginx: PageNginx) -> None:
    """While the API is away, nginx still serves the page. The access log has none of these."""
    for path in ("/healthz", "/readyz"):
        answer = requests.get(f"http://127.0.0.1:{nginx.health}{path}", timeout=PATIENCE)
        assert (answer.status_code, answer.text) == (200, "ok\n")
    metrics = requests.get(f"http://127.0.0.1:{nginx.health}/metrics", timeout=PATIENCE).text
    [active] = [f for f in text_string_to_metric_families(metrics) if f.name.endswith("_active")]
    assert active.samples[0].value > 0
    get(nginx, "/last")
    assert [line["path"] for line in nginx.lines(1)] == ["/last"]
