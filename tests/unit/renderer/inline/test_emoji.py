"""Emoji codes become the characters of the Unicode standard."""

import emoji as unicode_emoji
import pytest
from pymdownx import gemoji_db
from splitflap_renderer.html.emoji import MAX_CODE, emoji

from tests.unit.renderer.inline.paragraph import paragraph

#: The fully qualified sequences of Unicode's emoji-test.txt.
QUALIFIED = {
    sequence
    for sequence, about in unicode_emoji.EMOJI_DATA.items()
    if about["status"] == unicode_emoji.STATUS["fully_qualified"]
}

CODES = [*gemoji_db.emoji, *gemoji_db.aliases]


def test_all_codes_of_gemoji_are_fully_qualified() -> None:
    """With their joiners and variation selectors."""
    assert len(CODES) > 1_900
    assert [code for code in CODES if emoji(code) not in QUALIFIED] == []
    assert max(map(len, CODES)) <= MAX_CODE


def test_all_codes_of_gemoji_are_found_in_a_text() -> None:
    """In both flavours, although some have `+`, `-` or `_`."""
    for code in CODES:
        assert paragraph(f"a {code} b") == f"a {emoji(code)} b"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (":heart:", "\u2764\ufe0f"),
        (":rainbow_flag:", "\U0001f3f3\ufe0f\u200d\U0001f308"),
        (
            ":family_man_woman_girl_boy:",
            "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466",
        ),
        (":hash:", "#\ufe0f\u20e3"),
        (":de:", "\U0001f1e9\U0001f1ea"),
        ("你好:tada:你好", "你好\U0001f389你好"),
        (":tada::tada:", "\U0001f389\U0001f389"),
        ("(:tada:), :tada:!", "(\U0001f389), \U0001f389!"),
        ("*:tada:*", "<em>\U0001f389</em>"),
        ("12:30:45 10:100:20", "12:30:45 10:100:20"),
        ("a:b:c a:tada:b", "a:b:c a:tada:b"),
        ("std::hash::Hash ::lock:: :nonesuch:", "std::hash::Hash ::lock:: :nonesuch:"),
        ("\\:tada: &colon;tada:", ":tada: :tada:"),
        ("`:tada:`", "<code>:tada:</code>"),
    ],
)
def test_a_code_is_found_in_running_text(text: str, expected: str) -> None:
    """A code within a word or a number stays."""
    assert paragraph(text) == expected
