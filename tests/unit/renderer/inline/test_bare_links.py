"""Bare links: the ones that cmark-gfm finds, or better ones. Both flavours find the same."""

# ruff: noqa: RUF001 - the texts have the punctuation of many scripts

import re

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.markdown.bare_links import bare_link, emails

from tests.support.undirected import render
from tests.unit.renderer.inline.paragraph import paragraph

#: A text, and the same text with its links in `⟨⟩`. Where the text and the URL differ, the URL
#: follows after `=`.
FOUND = [
    # The examples.
    ("_https://e.com/a_b_c/_", "<em>⟨https://e.com/a_b_c/⟩</em>"),
    ("（https://e.com）。", "（⟨https://e.com⟩）。"),
    ('"https://e.com"', '"⟨https://e.com⟩"'),
    ("url=https://e.com", "url=⟨https://e.com⟩"),
    ("看https://e.com", "看⟨https://e.com⟩"),
    ("a<br>https://e.com<br>b", "a<br>⟨https://e.com⟩<br>b"),
    ("|https://e.com|x", "|⟨https://e.com⟩|x"),
    ("{https://e.com}", "{⟨https://e.com⟩}"),
    ("https://e.com{x}", "⟨https://e.com⟩{x}"),
    ("HTTPS://E.com", "⟨HTTPS://E.com=https://e.com⟩"),
    ("mail:a@b.c", "mail:⟨a@b.c=mailto:a@b.c⟩"),
    # Quotation marks and brackets.
    ("“https://e.com/a”", "“⟨https://e.com/a⟩”"),
    ("«https://e.com/a» и", "«⟨https://e.com/a⟩» и"),
    ("„https://e.com/a“", "„⟨https://e.com/a⟩“"),
    ("‘https://e.com/a’", "‘⟨https://e.com/a⟩’"),
    ("'https://e.com/a'", "'⟨https://e.com/a⟩'"),
    ('{"url":"https://e.com/a","b":1}', '{"url":"⟨https://e.com/a⟩","b":1}'),
    ("「https://e.com/a」と", "「⟨https://e.com/a⟩」と"),
    ("【https://e.com/a】", "【⟨https://e.com/a⟩】"),
    ("(https://e.com/a_(b))", "(⟨https://e.com/a_(b)⟩)"),
    ("(see https://e.com/a).", "(see ⟨https://e.com/a⟩)."),
    ("[see https://e.com/a].", "[see ⟨https://e.com/a⟩]."),
    ("https://e.com/a(b", "⟨https://e.com/a(b⟩"),
    ("https://e.com/a)b(c))", "⟨https://e.com/a)b(c⟩))"),
    ("https://e.com/{id}/x", "⟨https://e.com/{id}/x⟩"),
    # Sentences.
    ('He said "see https://e.com/a."', 'He said "see ⟨https://e.com/a⟩."'),
    ("see https://e.com: it", "see ⟨https://e.com⟩: it"),
    ("https://e.com/a...", "⟨https://e.com/a⟩..."),
    ("https://e.com/a…", "⟨https://e.com/a⟩…"),
    ("https://e.com/a—b", "⟨https://e.com/a⟩—b"),
    ("https://e.com/a;", "⟨https://e.com/a⟩;"),
    ("https://e.com,https://f.com", "⟨https://e.com⟩,⟨https://f.com⟩"),
    ("https://e.com/a|https://f.com/b", "⟨https://e.com/a⟩|⟨https://f.com/b⟩"),
    ("https://e.com/a。好", "⟨https://e.com/a⟩。好"),
    ("https://e.com/a、b", "⟨https://e.com/a⟩、b"),
    ("https://e.com/a،", "⟨https://e.com/a⟩،"),
    ("请访问https://e.com查看", "请访问⟨https://e.com⟩查看"),
    ("https://e.com看看", "⟨https://e.com⟩看看"),
    # Emphasis.
    ("*https://e.com/a*", "<em>⟨https://e.com/a⟩</em>"),
    ("**https://e.com/a**", "<strong>⟨https://e.com/a⟩</strong>"),
    ("~~https://e.com/a~~", "<del>⟨https://e.com/a⟩</del>"),
    ("**see https://e.com/a**, ok", "<strong>see ⟨https://e.com/a⟩</strong>, ok"),
    ("https://e.com/a_ and _b", "⟨https://e.com/a⟩_ and _b"),
    ("https://e.com/a\\_b", "⟨https://e.com/a_b⟩"),
    ("`a` https://e.com", "<code>a</code> ⟨https://e.com⟩"),
    # Hosts, ports and what follows.
    ("https://bücher.de/x", "⟨https://bücher.de/x=https://xn--bcher-kva.de/x⟩"),
    ("https://例子.测试/a", "⟨https://例子.测试/a=https://xn--fsqu00a.xn--0zwm56d/a⟩"),
    ("http://localhost:8080/x", "⟨http://localhost:8080/x⟩"),
    ("https://192.168.0.1:8/x", "⟨https://192.168.0.1:8/x⟩"),
    ("http://[::1]:80/x", "⟨http://[::1]:80/x=http://[::1]/x⟩"),
    ("https://e.com:8443", "⟨https://e.com:8443⟩"),
    ("https://e.com/a?x=1&y=2", "⟨https://e.com/a?x=1&amp;y=2⟩"),
    ("https://e.com/?a=1&amp;b=2", "⟨https://e.com/?a=1&amp;b=2⟩"),
    ("https://e.com/?a=&copy;", "⟨https://e.com/?a=⟩©"),
    ("&quot;https://e.com&quot;", '"⟨https://e.com⟩"'),
    ("https://e.com/a&lt;b", "⟨https://e.com/a⟩&lt;b"),
    ("https://e.com/#:~:text=a_b", "⟨https://e.com/#:~:text=a_b⟩"),
    ("https://e.com/@ann#x", "⟨https://e.com/@ann#x⟩"),
    ("git+https://e.com/a", "git+⟨https://e.com/a⟩"),
    ("https://web.example/2020/https://e.com", "⟨https://web.example/2020/https://e.com⟩"),
    # Without a scheme.
    ("www.e.com/a", "⟨www.e.com/a=http://www.e.com/a⟩"),
    ("Www.e.com", "⟨Www.e.com=http://www.e.com⟩"),
    ("(www.e.com)", "(⟨www.e.com=http://www.e.com⟩)"),
    ("“www.e.com”", "“⟨www.e.com=http://www.e.com⟩”"),
    ("请看www.e.com。", "请看⟨www.e.com=http://www.e.com⟩。"),
    # E-mail addresses.
    ("a@b.com.", "⟨a@b.com=mailto:a@b.com⟩."),
    ("mailto:a@b.com", "⟨mailto:a@b.com⟩"),
    ("xmpp:a@b.com/x", "⟨xmpp:a@b.com/x⟩"),
    ("邮箱a@b.com谢谢", "邮箱⟨a@b.com=mailto:a@b.com⟩谢谢"),
    ("jürgen@e.com", "⟨jürgen@e.com=mailto:jürgen@e.com⟩"),
    ("a_b@e.com", "⟨a_b@e.com=mailto:a_b@e.com⟩"),
    ("_a@b.com_", "<em>⟨a@b.com=mailto:a@b.com⟩</em>"),
    ("*a@b.com* x", "<em>⟨a@b.com=mailto:a@b.com⟩</em> x"),
    ("git@e.com:o/r", "⟨git@e.com=mailto:git@e.com⟩:o/r"),
]

_LINK = re.compile("⟨(.*?)(?:=((?:https?:|mailto:).*?))?⟩")


def linked(written: str) -> str:
    """The HTML of a text with links in `⟨⟩`."""
    return _LINK.sub(lambda found: f'<a href="{found[2] or found[1]}">{found[1]}</a>', written)


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_a_bare_link_is_found(text: str, expected: str) -> None:
    """It ends where its reader ends it."""
    assert paragraph(text) == linked(expected)


@pytest.mark.parametrize(
    "text",
    [
        *("xhttps://e.com", "https://", "https://.", "https://-e.com", "https:/e.com"),
        *("https://e_x.com/a", "https://a.e_x.com", "/www.e.com", "x.www.e.com", "awww.e.com"),
        *("`https://e.com`", "a@b", "a@b.c-", "@a@b.com", "ssh://git@e.com/x", "www.", "a@@b.c"),
        *("https&#58;//e.com", "https\\://e.com", "a\\@b.com"),
    ],
)
def test_other_text_is_no_link(text: str) -> None:
    """Hosts without a letter, parts of words, and escapes."""
    assert "<a" not in paragraph(text)


@pytest.mark.parametrize(
    "text",
    [
        "https://e.com/%E2%80%AE%20x",
        "https://xn--bcher-kva.de",
        "<https://e.com/%E2%80%AE%20x>",
        "<https://xn--bcher-kva.de>",
        "https://e.com/%3Cb%3E",
    ],
)
def test_the_text_of_a_link_is_what_was_written(text: str) -> None:
    """Nothing is decoded: not a host, a control of direction, a space or a bracket."""
    assert f">{text.strip('<>')}</a>" in paragraph(text)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_bare_link_in_a_table_ends_at_its_cell(flavour: Flavour) -> None:
    """The bar is part of the table."""
    text = "| a | b |\n|--|--|\n|https://e.com/a|www.e.com|\n"
    result = render(text, flavour)
    assert result.links == ["https://e.com/a", "http://www.e.com"]
    assert ">https://e.com/a</a></td>" in result.html


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_links_in_bare_form_get_previews(flavour: Flavour) -> None:
    """Addresses and `ftp://` have none."""
    text = "（https://e.com/a）www.e.com ftp://e.com mailto:a@e.com a@e.com HTTP://E.com/b"
    result = render(text, flavour)
    assert result.links == ["https://e.com/a", "http://www.e.com", "http://e.com/b"]


@pytest.mark.parametrize("flavour", FLAVOURS)
@pytest.mark.parametrize(
    "text",
    [
        "see a@b.c",
        "https://f.com",
        "*www.f.com*",
        "<b>https://f.com</b> a@b.c",
        "a <br> https://f.com",
    ],
)
def test_a_raw_link_has_no_link_within(text: str, flavour: Flavour) -> None:
    """The text of a raw link stays its text, and it gets no preview. A link after it is found."""
    result = render(f'<a href="https://e.com">{text}</a> https://g.com', flavour)
    assert re.findall('href="([^"]*)"', result.html) == ["https://e.com", "https://g.com"]
    assert result.links == ["https://g.com"]
    assert "data-" not in result.html


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "a",
            "https://",
            "http://a",
            "https://a_",
            "www.",
            "www.a",
            "www.www.",
            "a@",
            "a@b",
            "@",
            "#",
        ),
        *(":", "a@b.", "a.", "https://a@", "https://a:b", "mailto:", "mailto:a@", "xmpp:", "看"),
        *("https://e.com/(", "https://e.com/)", "https://e.com/&a;", "https://e.com/,", "w", "W"),
        *("https://e.com看", "https://e.com/\\_", "a-", "\u0301", "https://[", "&amp;", "://"),
    ],
)
def test_the_search_for_links_is_linear(unit: str) -> None:
    """60 KB of a text's unit take few steps. A quadratic search would end the test by a timeout."""
    text = unit * (60_000 // len(unit)) + "@"
    place = 0
    while place < len(text):
        found = bare_link(text, place)
        place = found.end if found else place + 1
    assert all(each.end > each.start for each in emails(text))
