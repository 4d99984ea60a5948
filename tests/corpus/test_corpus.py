"""The pages of the corpus, field by field."""

from pathlib import Path

import pytest
import yaml

from . import FIELDS, SETS, Entry, entries

#: Fields that the program does not find yet, by page.
MISSES: dict[str, list[str]] = yaml.safe_load((Path(__file__).parent / "misses.yaml").read_text())
ENTRIES = [entry for folder in SETS for entry in entries(folder)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_page_has_its_expected_preview(entry: Entry) -> None:
    """For a wall, the kind of wall is expected. The fields in misses.yaml differ, and no others."""
    found = entry.preview()
    if entry.wall is not None or isinstance(found, str):
        assert found == entry.wall
        return
    missed = MISSES.get(entry.name, [])
    said = {name: getattr(found, name) for name in FIELDS if name not in missed}
    assert said == {name: entry.expect[name] for name in said}
    assert [name for name in missed if getattr(found, name) == entry.expect[name]] == []


def test_each_page_has_its_expectation() -> None:
    """Each page also names its model."""
    assert len({entry.models for entry in ENTRIES}) == len(ENTRIES) >= 150
    pages = {path.stem for folder in SETS for path in folder.glob("*.html")}
    assert pages == {entry.name for entry in ENTRIES}
    assert all(b"<!-- Models " in entry.body for entry in ENTRIES)
