"""Tags and texts of HTML."""

from splitflap_scraper.page.markup import attributes, text_of, unescaped, without_comments


def test_attributes_are_read_by_lower_case_name() -> None:
    """The first attribute of a name counts."""
    found = attributes("<meta A=1 b='2 3' c=\"4\" d A=5 e = f/>")
    assert found == {"a": "1", "b": "2 3", "c": "4", "d": "", "e": "f/"}
    assert len(attributes("<a " + " ".join(f"a{n}" for n in range(500)) + ">")) == 100


def test_references_in_query_strings_stay() -> None:
    """These references lack a semicolon."""
    assert unescaped("?a=1&copy=2&amp;b=3&reg") == "?a=1&copy=2&b=3\u00ae"
    assert unescaped("&#9999999999999; &#x41; &#65") == "&#9999999999999; A A"


def test_the_text_of_markup_keeps_words_apart() -> None:
    """Blocks separate words, and inline elements do not."""
    markup = "a<b>b</b><p>c<script>d</script><sup class=reference>[1]</sup> e<sup>2</sup>"
    assert " ".join(text_of(markup).split()) == "ab c e2"


def test_hidden_elements_are_no_text() -> None:
    """They are complete and short. Notes are superscripts with the words of one."""
    markup = "a<svg x><title>b</title></SVG >c<button>d</button/>e</button>f<select><svg>g</select>"
    assert " ".join(text_of(markup).split()) == "a c f"
    assert text_of(f"<svg>{'a' * 501}</svg>").strip() == "a" * 501
    assert text_of("a<sup id=cite_1>1</sup><sup>2</sup>").split() == ["a", "2"]


def test_complete_comments_are_no_text() -> None:
    """A comment that has no end stays, since a text may be about comments."""
    assert without_comments("a<!-- b <!-- c -->d<!---->e <!-- f") == "a d e <!-- f"
    assert " ".join(text_of("a<!-- <b> > --><i>c</i>").split()) == "a c"
