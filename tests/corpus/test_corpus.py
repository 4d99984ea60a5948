"""Every page of the corpus, field by field."""

import pytest

from . import FIELDS, FOLDER, Entry, entries

ENTRIES = list(entries())


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.name)
def test_previews(entry: Entry) -> None:
    """What a reader would want to see, or that it is a wall."""
    found = entry.understood()
    if entry.wall is not None or isinstance(found, str):
        assert found == entry.wall
        return
    said = {name: getattr(found, name) for name in FIELDS}
    assert said == {name: entry.expect[name] for name in FIELDS}


def test_the_corpus_is_whole() -> None:
    """Each page has what is expected of it, and says what it models."""
    assert len({entry.models for entry in ENTRIES}) == len(ENTRIES) >= 150
    pages = {path.stem for path in FOLDER.glob("*.html")}
    assert pages == {entry.name for entry in ENTRIES}
    assert all(b"<!-- Models " in entry.body for entry in ENTRIES)
