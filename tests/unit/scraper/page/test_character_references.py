"""The work for the character references of pages, feeds and answers of oEmbed."""

import json
import time
from html.entities import html5
from typing import Any

import pytest
from splitflap_scraper.fetch.http.headers import Headers
from splitflap_scraper.page import markup, pace
from splitflap_scraper.page.markup import MAX_VALUE, unescaped
from splitflap_scraper.page.pace import Pace
from splitflap_scraper.page.vocabulary import MAX_ALL
from splitflap_scraper.preview.details.players import MAX_HTML
from splitflap_scraper.preview.extract import extract
from splitflap_scraper.preview.files.file_preview import file_preview
from splitflap_scraper.preview.files.xml import MAX_LONG, MAX_TAG, MAX_TAGS, MAX_TEXT, tags
from splitflap_scraper.preview.oembed.answer import answer_of
from splitflap_scraper.preview.oembed.providers import discovered
from splitflap_scraper.preview.sources import Sources
from splitflap_scraper.preview.structured.jsonld import (
    MAX_CONTAINERS,
    MAX_ESCAPED,
    parsed,
)

from tests.unit.scraper.page.hostile_references import REFERENCES, UNITS
from tests.unit.scraper.preview.documents import read
from tests.unit.scraper.preview.files.hostile_files import hostile_answer, hostile_file

#: Characters of the shortest reference.
SHORTEST = 3


class Names(dict[str, str]):
    """The known names, with the number of their look-ups."""

    lookups = 0

    def get(self, name: str, default: str = "") -> str:  # type: ignore[override]
        """Look a name up."""
        self.lookups += 1
        return super().get(name, default)


@pytest.fixture(name="names")
def _names(monkeypatch: pytest.MonkeyPatch) -> Names:
    names = Names(html5)
    monkeypatch.setattr(markup, "html5", names)
    return names


@pytest.fixture(name="yields")
def _yields(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The yields of work whose parts are all long."""
    yields: list[float] = []
    monkeypatch.setattr(pace, "STEP", -1.0)
    monkeypatch.setattr(time, "sleep", yields.append)
    return yields


def test_a_value_is_cut_before_its_references_are_replaced(names: Names) -> None:
    """The rest of a value is in no preview."""
    assert len(unescaped("&zz" * 100_000)) == MAX_VALUE
    assert names.lookups <= MAX_VALUE / SHORTEST


def test_an_unknown_name_is_looked_up_by_few_of_its_beginnings(names: Names) -> None:
    """No name without semicolon has more than six letters."""
    assert unescaped("&" + "a" * 32 + " &ampere; &notit; &copy2024") == (
        "&" + "a" * 32 + " &ere; \u00acit; \u00a92024"
    )
    assert names.lookups <= 4 * 6


@pytest.mark.parametrize("name", [name for name in REFERENCES if "references" in name])
def test_the_references_of_a_page_are_replaced_once(name: str, names: Names) -> None:
    """The fields of a preview ask for many values again and again."""
    begin, unit = REFERENCES[name]
    page = read((begin + unit * (200_000 // len(unit) + 1)).encode()).document()
    extract(page)
    discovered(page, Headers([]))
    # An excerpt repeats the texts near a heading.
    most = 2 * MAX_ALL + MAX_ESCAPED
    of_unit = 6 if "long" in name else 1
    length = min(len(each) for kind, each in UNITS.items() if f"references {kind} " in name)
    assert names.lookups <= most / length * of_unit


def test_a_property_that_is_repeated_has_one_value(names: Names) -> None:
    """Each property of microdata may have the words of the element."""
    page = read(b"<meta itemprop='" + b"name " * 50 + b"' content='&zz&zz'>").document()
    assert Sources.of(page, [page.url]).microdata.texts("name") == ["&zz&zz"]
    assert names.lookups == 2


def test_others_run_between_the_elements_of_microdata(yields: list[float]) -> None:
    """An element may have 4 KiB of references."""
    page = read(b"<meta itemprop=name content=a>" * 100).document()
    yields.clear()
    with page.pace:
        Sources.of(page, [page.url])
    assert len(yields) >= 100


def test_others_run_after_each_text_of_a_page(yields: list[float]) -> None:
    """Any field may be the first that needs it."""
    page = read(b"<body><main>" + b"<p>a text</p>" * 10).document()
    yields.clear()
    with page.pace:
        for _ in range(2):
            assert {each.text for each in page.paragraphs} == {"a text"}
    assert len(yields) == 10


@pytest.mark.parametrize("name", ["unknown references in open elements", "references"])
def test_a_value_of_an_answer_is_cut_before_its_references_are_replaced(
    name: str, names: Names
) -> None:
    """Each unclosed element has the rest of the answer."""
    answer_of(hostile_answer(name, 64 * 1024))
    assert names.lookups <= (MAX_HTML + 10 * MAX_TEXT) / SHORTEST


def test_a_value_of_a_feed_is_cut_before_its_references_are_replaced(names: Names) -> None:
    """The text of an element is markup with references, which stand in references themselves."""
    kind, data = hostile_file("unknown references in a feed", 64 * 1024)
    file_preview(kind, data, "https://a.example/feed", Headers([]), None)
    assert names.lookups <= 2 * (16 * MAX_TEXT + MAX_LONG) / SHORTEST


def test_a_tag_of_a_feed_is_cut_before_its_references_are_replaced(names: Names) -> None:
    """The limit of tags is not enough."""
    _, data = hostile_file("references in links of a feed", 64 * 1024)
    assert len(list(tags(data.decode(), "atom:link"))) == MAX_TAGS
    assert names.lookups <= MAX_TAGS * MAX_TAG / SHORTEST


def test_the_escapes_of_json_ld_are_replaced_in_its_first_16_kib(names: Names) -> None:
    """The script has its quotes escaped as in an attribute."""
    script = '{&quot;headline&quot;:&quot;A title&quot;,"a":"' + "&zz" * 40_000 + '"}'
    assert parsed(script, Pace()) == [{"headline": "A title"}]
    assert names.lookups <= MAX_ESCAPED / SHORTEST


def test_others_run_between_the_attempts_to_parse_json_ld(yields: list[float]) -> None:
    """Each may take several milliseconds."""
    with Pace() as own:
        assert parsed('{"headline":"A title",,}', own) == [{"headline": "A title"}]
        assert len(yields) == 3


def test_json_ld_of_very_many_objects_is_read_by_patterns() -> None:
    """A list or object costs a hundred times as much as a letter."""
    lists = '{"headline":"A title","a":[' + ",".join(["[]"] * MAX_CONTAINERS) + "]}"
    assert parsed(lists, Pace()) == [{"headline": "A title"}]


def test_the_first_of_each_property_of_broken_json_ld_counts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The others are not decoded."""
    texts: list[str] = []
    loads = json.loads

    def counted(text: str, **how: Any) -> Any:
        texts.append(text)
        return loads(text, **how)

    monkeypatch.setattr(json, "loads", counted)
    script = '[{"headline":"A title"},' + '{"headline":"b"},' * 500 + ",}"
    assert parsed(script, Pace()) == [{"headline": "A title"}]
    assert texts == ['"A title"']
