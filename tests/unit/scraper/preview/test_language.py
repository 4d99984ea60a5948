"""The language of a page."""

import pytest
from splitflap_scraper.preview.fields.language import spoken, tag


@pytest.mark.parametrize(
    ("text", "expected"),
    [("en", "en"), ("en_GB", "en-GB"), ("PT-br", "pt-BR"), ("zh-hans-cn", "zh-Hans-CN"),
     ("es-419", "es-419"), ("jp", "ja"), ("english", None), ("", None), ("x-default", None),
     ("und", None), ("de-DE-1996", "de-DE")],
)  # fmt: skip
def test_a_language_is_a_tag_of_bcp_47(text: str, expected: str | None) -> None:
    """Parts beyond the region are dropped."""
    assert tag(text) == expected


def test_another_language_overrides_english() -> None:
    """English is the default of templates."""
    assert spoken("en", ["de_DE"]) == "de-DE"
    assert spoken("de", ["en_US"]) == "de"
    assert spoken("en-GB", ["en_US"]) == "en-GB"
    assert spoken(None, ["fr_FR"]) == "fr-FR"
