"""The folder that `python -m splitflap_web` builds."""

import gzip
import importlib.util
import json
import re
import subprocess
import sys
import zlib
from pathlib import Path

import pytest
from splitflap_web.site import SOURCE, SiteError, build, path_of

#: Bytes of the whole page with its vendored libraries, compressed.
BUDGET = 150 * 1024

HTML = '<link rel="stylesheet" href="static/style/a.css"><script src="/static/lib/a.js"></script>'


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """The source of a small page."""
    files = {
        "index.html": HTML,
        "about.html": '<meta content="static/p.png">',
        "static/style/a.css": "a { color: red }\n" * 20,
        "static/lib/a.js": "import './b.js'\n",
        "static/lib/b.js": "1\n",
        "static/p.png": "PNG",
        "static/vendor/x/LICENSE": "MIT",
        "static/vendor/x/x.d.ts": "types",
        "static/vendor/README.md": "for readers",
        "static/.hidden.js": "2",
    }
    for name, text in files.items():
        path = tmp_path / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path / "source"


def prefix(target: Path) -> str:
    """The folder of the static files: static/ and a hash."""
    (folder,) = (target / "static").iterdir()
    return f"static/{folder.name}"


def test_a_page_refers_to_hashed_paths(source: Path, tmp_path: Path) -> None:
    """Each reference in an attribute of an HTML file has the hash of the whole tree."""
    target = build(tmp_path / "site", source)
    hashed = prefix(target)
    assert re.fullmatch("static/[0-9a-f]{12}", hashed)
    index = (target / "index.html").read_text("utf-8")
    assert index == HTML.replace("/static", "static").replace("static", f"/{hashed}")
    assert (target / "about.html").read_text("utf-8") == f'<meta content="/{hashed}/p.png">'


@pytest.mark.parametrize("name", ["static/lib/b.js", "static/p.png"])
def test_any_change_changes_the_hash(source: Path, tmp_path: Path, name: str) -> None:
    """So a browser never mixes modules of two releases. The same files have the same hash."""
    first = prefix(build(tmp_path / "site", source))
    assert prefix(build(tmp_path / "again", source)) == first
    (source / name).write_text("changed", encoding="utf-8")
    assert prefix(build(tmp_path / "changed", source)) != first


def test_the_manifest_has_what_is_served(source: Path, tmp_path: Path) -> None:
    """Files for readers of the source are left out; a licence goes with its library."""
    target = build(tmp_path / "site", source)
    files = json.loads((target / "site.json").read_bytes())["files"]
    below = f"/{prefix(target)}/"
    assert set(files) == {
        *("/", "/about"),
        *(f"{below}{name}" for name in ("style/a.css", "lib/a.js", "lib/b.js", "p.png")),
        f"{below}vendor/x/LICENSE",
    }
    assert files["/"] == {
        "file": "index.html",
        "type": "text/html; charset=utf-8",
        "cache": "no-cache",
    }
    assert files[f"{below}lib/a.js"]["type"] == "text/javascript; charset=utf-8"
    assert files[f"{below}lib/a.js"]["cache"] == "public, max-age=31536000, immutable"


def test_a_file_is_compressed_if_that_helps(source: Path, tmp_path: Path) -> None:
    """The tiny module and the picture stay as they are."""
    target = build(tmp_path / "site", source)
    packed = {path.name: path for path in target.rglob("*.gz")}
    assert set(packed) == {"a.css.gz"} | {"index.html.gz"} & set(packed)
    style = target / prefix(target) / "style/a.css"
    assert gzip.decompress(packed["a.css.gz"].read_bytes()) == style.read_bytes()


def test_a_reference_to_nothing_fails(source: Path, tmp_path: Path) -> None:
    """The message names the file and the reference."""
    (source / "static/lib/a.js").unlink()
    with pytest.raises(SiteError, match=r"index\.html refers to static/lib/a\.js"):
        build(tmp_path / "site", source)
    assert not (tmp_path / "site").exists()


def test_an_unknown_kind_of_file_fails(source: Path, tmp_path: Path) -> None:
    """A browser that gets no media type guesses one, or refuses the file."""
    (source / "static/a.xyz").touch()
    with pytest.raises(SiteError, match=r"a\.xyz has no known media type"):
        build(tmp_path / "site", source)


def test_a_build_replaces_the_earlier_one(source: Path, tmp_path: Path) -> None:
    """No file of the earlier build stays."""
    target = build(tmp_path / "site", source)
    (target / "left.html").touch()
    (source / "about.html").unlink()
    build(target, source)
    assert not (target / "left.html").exists()
    assert not (target / "about.html").exists()
    assert {path.name for path in tmp_path.iterdir()} == {"site", "source"}


def test_a_folder_of_something_else_is_kept(source: Path, tmp_path: Path) -> None:
    """A mistyped TARGET costs nobody their files."""
    (tmp_path / "home").mkdir()
    (tmp_path / "home/letter.txt").write_text("dear", encoding="utf-8")
    with pytest.raises(SiteError, match="is not empty"):
        build(tmp_path / "home", source)
    assert (tmp_path / "home/letter.txt").read_text("utf-8") == "dear"


def test_the_command_builds_the_page(tmp_path: Path) -> None:
    """It needs no argument but the folder; a wrong use ends with 64, a failed build with 1."""
    run = [sys.executable, "-m", "splitflap_web"]
    subprocess.run([*run, str(tmp_path / "site")], check=True)
    assert (tmp_path / "site/index.html").is_file()
    assert subprocess.run(run, check=False, capture_output=True).returncode == 64
    failed = subprocess.run([*run, str(SOURCE)], check=False, capture_output=True, text=True)
    assert failed.returncode == 1
    assert failed.stderr.startswith("splitflap_web: cannot build ")


def test_the_page_stays_small(tmp_path: Path) -> None:
    """All files of all pages together, as a browser gets them."""
    target = build(tmp_path / "site")
    files = json.loads((target / "site.json").read_bytes())["files"].values()
    plain = [target / each["file"] for each in files]
    sizes = [
        min(
            each.stat().st_size
            for each in (path, path.with_name(f"{path.name}.gz"))
            if each.exists()
        )
        for path in plain
    ]
    assert sum(sizes) <= BUDGET


def test_the_page_about_splitflap_gives_a_card(tmp_path: Path) -> None:
    """It has the properties of Open Graph. Its image has a path without a hash.

    A stored preview outlives a release of the page, and so must the image that it names.
    """
    target = build(tmp_path / "site")
    html = (target / "about.html").read_text("utf-8")
    found = dict(re.findall(r'<meta property="og:([a-z_:]+)" content="([^"]+)">', html))
    assert {"title", "description", "image", "site_name", "type"} <= set(found)
    assert found["image"] == "/about.png"
    assert '<link rel="icon" href="/icon.svg"' in html
    files = json.loads((target / "site.json").read_bytes())["files"]
    assert {files[path]["cache"] for path in ("/about.png", "/icon.svg")} == {"no-cache"}
    assert (target / "icon.svg").is_file()


def test_the_image_is_that_of_its_script() -> None:
    """Its pixels are compared: the compressed bytes depend on the release of zlib."""
    script = SOURCE.parent / "draw_card.py"
    spec = importlib.util.spec_from_file_location("draw_card", script)
    assert spec
    assert spec.loader
    card = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(card)
    image = (SOURCE / "about.png").read_bytes()
    drawn: bytes = card.png(card.draw(), card.palette())
    assert pixels(image) == pixels(drawn)


def pixels(png: bytes) -> bytes:
    """The head, the palette and the pixels of a PNG with one chunk of pixels."""
    begin = png.index(b"IDAT")
    return png[: begin - 4] + zlib.decompress(png[begin + 4 : -16])


def test_the_paths_of_html_files_have_no_ending() -> None:
    """`/` is the board."""
    names = ("index.html", "ops.html", "static/a/index.html", "robots.txt")
    assert [path_of(name) for name in names] == ["/", "/ops", "/static/a/index", "/robots.txt"]
