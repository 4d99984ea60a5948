"""The pictures of README.md: each one is there, small, described, and in both colour schemes."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
README = ROOT / "README.md"
FOLDER = ROOT / "docs" / "pictures"

PICTURE = re.compile(r"<picture>(.*?)</picture>", re.DOTALL)
ADDRESS = re.compile(r'\b(?:src|srcset)="([^"]*)"')

#: Bytes, of one picture and of all. Readers load README.md on a phone too.
MOST, MOST_IN_ALL = 150_000, 600_000

PICTURES = PICTURE.findall(README.read_text(encoding="utf-8"))


def is_webp(data: bytes) -> bool:
    """Whether a file begins as WebP does."""
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def test_the_readme_opens_with_a_picture() -> None:
    """Below its title and before its first sentence."""
    assert README.read_text(encoding="utf-8").startswith("# Splitflap\n\n<picture>")


@pytest.mark.parametrize("picture", PICTURES)
def test_a_picture_has_words_and_both_colour_schemes(picture: str) -> None:
    """The dark file has the light one's name, and the text says what is on it."""
    dark, light = ADDRESS.findall(picture)
    assert "prefers-color-scheme: dark" in picture.split("<img", maxsplit=1)[0]
    assert dark == light.replace("-light.", "-dark.") != light
    [words] = re.findall(r'\balt="([^"]*)"', picture)
    assert len(words.split()) > 10


def test_each_picture_of_the_folder_is_shown_and_none_is_missing() -> None:
    """`make pictures` writes them."""
    named = {address for picture in PICTURES for address in ADDRESS.findall(picture)}
    assert named == {each.relative_to(ROOT).as_posix() for each in FOLDER.iterdir()}


def test_the_pictures_are_small() -> None:
    """Each one, and all together."""
    sizes = {each.name: each.stat().st_size for each in FOLDER.iterdir()}
    assert max(sizes.values()) <= MOST, sizes
    assert sum(sizes.values()) <= MOST_IN_ALL, sizes
    assert all(is_webp(each.read_bytes()) for each in FOLDER.iterdir())


def test_a_link_of_html_in_the_readme_resolves() -> None:
    """test_references.py checks those of Markdown."""
    html = re.findall(r'\b(?:src|srcset|href)="([^"]*)"', README.read_text(encoding="utf-8"))
    assert html
    assert [each for each in html if not (ROOT / each).is_file()] == []
