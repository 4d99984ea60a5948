"""The pages of the corpus, field by field."""

import pytest

from . import FIELDS, SETS, Entry, entries

ENTRIES = [entry for folder in SETS for entry in entries(folder)]


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_a_page_has_its_expected_preview(entry: Entry) -> None:
    """For a wall, the kind of wall is expected."""
    found = entry.preview()
    if entry.wall is not None or isinstance(found, str):
        assert found == entry.wall
        return
    said = {name: getattr(found, name) for name in FIELDS}
    assert said == {name: entry.expect[name] for name in FIELDS}


def test_each_page_has_its_expectation() -> None:
    """Each page also names its model."""
    assert len({entry.models for entry in ENTRIES}) == len(ENTRIES) >= 150
    pages = {path.stem for folder in SETS for path in folder.glob("*.html")}
    assert pages == {entry.name for entry in ENTRIES}
    assert all(b"<!-- Models " in entry.body for entry in ENTRIES)
