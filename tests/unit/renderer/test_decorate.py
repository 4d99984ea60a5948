"""Names, emoji, headings, images, code and the excerpt, in both flavours."""

import hashlib
import hmac

import pytest
from splitflap_core.contracts import FLAVOURS, MAX_EXCERPT, MAX_NAMES, Flavour, RenderResult
from splitflap_core.settings import BadSettings, load
from splitflap_renderer.options import Options
from splitflap_renderer.render import TooLarge
from splitflap_renderer.settings import RendererSettings

from tests.support.undirected import render

NAMED = Options(mention_url="/people/{name}", channel_url="https://c.example/c/{name}?x=1&y=2")

pytestmark = pytest.mark.parametrize("flavour", FLAVOURS)


def named(text: str, flavour: Flavour) -> RenderResult:
    """Render with links for names."""
    return render(text, flavour, NAMED)


def test_names_become_links_and_are_listed(flavour: Flavour) -> None:
    """The list has each name once, in reading order. A full stop after a name is not part of it."""
    result = named("# hi @zoe\n\n*@ann*, (@bob_1). and #general, #x.y!\n\n- @ann", flavour)
    assert result.mentions == ["zoe", "ann", "bob_1"]
    assert result.channels == ["general", "x.y"]
    assert (
        '<a href="/people/zoe" class="mention" rel="nofollow ugc noopener">@zoe</a>' in result.html
    )
    assert 'href="https://c.example/c/general?x=1&amp;y=2" class="channel"' in result.html
    assert result.html.count('class="mention"') == 4


@pytest.mark.parametrize(
    "text",
    [
        "`@no #no`",
        "```\n@no #no\n```",
        "    @no #no",
        "<code>@no #no</code> <pre>@no #no</pre> <kbd>@no</kbd>",
        "[@no #no](https://x.example)",
        '<a href="https://x.example">@no #no</a>',
        "https://x.example/@no#no?a=@no",
        "ftp://x.example/@no#no www.x.example/@no",
        "a@no.example <b@no.example> mailto:c@no.example",
        "word@no word#no #1 #23 @ # @@no ##no",
        "*a*@no **b**#no",
        "![@no](https://x.example/@no.png)",
        "[x]: https://x.example/@no\n\n[x]",
        "<b title='@no'>b</b>",
        "@" + "a" * 150,
    ],
)
def test_other_text_with_these_characters_is_no_name(text: str, flavour: Flavour) -> None:
    """Examples are code, links, URLs, e-mail addresses, parts of words, and numbers."""
    result = named(text, flavour)
    assert (result.mentions, result.channels) == ([], []), result.html
    assert "/people/" not in result.html
    assert "c.example/c/" not in result.html


def test_names_are_listed_without_urls(flavour: Flavour) -> None:
    """Names stay text. Applications notify by the lists."""
    result = render("@ann #general", flavour)
    assert "<p>@ann #general</p>" in result.html
    assert (result.mentions, result.channels) == (["ann"], ["general"])


def test_names_are_bounded(flavour: Flavour) -> None:
    """Names beyond the bound stay text. A listed name is linked each time."""
    result = named(" ".join(f"@n{number}" for number in range(MAX_NAMES + 5)) + " @n0", flavour)
    assert result.mentions == [f"n{number}" for number in range(MAX_NAMES)]
    assert result.html.count('class="mention"') == MAX_NAMES + 1


def test_emoji_codes_become_characters(flavour: Flavour) -> None:
    """Text and links have GitHub's codes. Code, URLs and unknown codes stay as they are."""
    html = render(
        ":tada: :+1: [:heart:](https://x.example) `:tada:` https://x.example/:tada:/ :nonesuch: "
        "10:100:20 a:tada:b",
        flavour,
    ).html
    assert html.count("\U0001f389") == 1
    assert "\U0001f44d" in html
    assert "\u2764\ufe0f</a>" in html
    assert "<code>:tada:</code>" in html
    assert "https://x.example/:tada:/</a> :nonesuch: 10:100:20 a:tada:b" in html


def test_headings_have_ids_and_links_lead_to_them(flavour: Flavour) -> None:
    """A repeated heading gets a number. Links to other fragments are removed."""
    text = "[a](#a-b) [two](#a-b-1) [no](#location)\n\n# A *b*!\n\n## A `b`\n\n### \u00dcber\n\n# !"
    html = render(text, flavour).html
    for heading in (
        '<h1 id="user-content-00000000-a-b">',
        '<h2 id="user-content-00000000-a-b-1">',
        '<h3 id="user-content-00000000-\u00fcber">',
        "<h1>!</h1>",
    ):
        assert heading in html
    assert '<a href="#user-content-00000000-a-b" rel' in html
    assert '<a href="#user-content-00000000-a-b-1" rel' in html
    assert "<a rel" in html
    assert 'id="p-00000000-a-b"' in render(text, flavour, Options(heading_prefix="p-")).html


def test_images_go_through_the_proxy(flavour: Flavour) -> None:
    """The URL is signed as camo checks it; images in raw HTML too."""
    url = "https://i.example/a.png?b=1&c=2"
    options = Options(image_proxy_url="https://p.example/{digest}/{hex}", image_proxy_key="key")
    html = render(f'![a]({url}) <img src="{url}">', flavour, options).html
    digest = hmac.new(b"key", url.encode(), hashlib.sha1).hexdigest()
    assert html.count(f'src="https://p.example/{digest}/{url.encode().hex()}"') == 2
    assert "i.example" not in html
    plain = Options(image_proxy_url="/proxy?u={url}")
    assert 'src="/proxy?u=https%3A%2F%2Fi.example%2Fa.png"' in (
        render("![a](https://i.example/a.png)", flavour, plain).html
    )
    assert "src" not in render("![a](mailto:a@b.example)", flavour, plain).html


def test_code_is_labelled_and_highlighted(flavour: Flavour) -> None:
    """The label is Pygments' name of the language; other code stays unlabelled."""
    html = render("```py\ndef f(a): return a < 1\n```", flavour).html
    assert '<div class="highlight" data-language="python"><pre>' in html
    assert '<span class="k">def</span>' in html
    for fence in ("```", "```nonesuch", "```text"):
        html = render(f"{fence}\na < b\n```", flavour).html
        assert '<div class="highlight"><pre>' in html
        assert "a &lt; b" in html
        assert "data-language" not in html


@pytest.mark.parametrize(
    ("text", "excerpt"),
    [
        ("", ""),
        ("# A *title*\n\nand **text** with [a link](https://x.example)", None),
        ("a<br>b\n\nc & d &lt;", "a b c & d <"),
        ("word " * 100, "word " * 39 + "word\u2026"),
        ("x" * 300, "x" * 199 + "\u2026"),
        ("![a cat](https://i.example/c.png) :tada:", "a cat \U0001f389"),
        ("- [x] one\n- two", "one two"),
        ("1986. What a year!", "1986. What a year!"),
        ("3. a\n   - b\n   - c\n4. d\n\ne", "3. a b c 4. d e"),
        ("one[^1]\n\n[^1]: note", "one"),
        ("| a | b |\n|---|---|\n| c | d |", "a b c d"),
        ("<script>x</script>a <b>b</b>", None),
    ],
)
def test_the_excerpt_is_plain_bounded_and_on_one_line(
    text: str, excerpt: str | None, flavour: Flavour
) -> None:
    """The cut is between words."""
    found = render(text, flavour).excerpt
    assert len(found) <= MAX_EXCERPT
    if excerpt is not None:
        assert found == excerpt
    else:
        assert "*" not in found
        assert "  " not in found


def test_the_html_is_bounded(flavour: Flavour) -> None:
    """The limit is 20 times the text. A short text may have longer HTML."""
    assert render("`" + "&" * 3000 + "`", flavour).html
    with pytest.raises(TooLarge, match="at most"):
        render("[r]: https://x.example/" + "b" * 2000 + "\n\n" + "[r] " * 3000, flavour)
    # The additions of the last step count too.
    with pytest.raises(TooLarge, match="at most"):
        render("#a " * 21_666, flavour, Options(channel_url="/c/{name}"))


def test_a_tag_in_code_stays_a_tag(flavour: Flavour) -> None:
    """A line break in code stays a line break."""
    html = render('<pre><code class="language-html"><br></code></pre>', flavour).html
    assert "&lt;" not in html
    assert "<br>" in html


def test_an_empty_footnote_element_does_not_end_the_excerpt(flavour: Flavour) -> None:
    """The excerpt ends at footnotes only after some text."""
    assert render('<div class="footnote"></div>\n\nreal text', flavour).excerpt == "real text"


def test_a_title_that_looks_like_an_href_changes_no_link(flavour: Flavour) -> None:
    """A link within the text keeps its target."""
    for title in ("href=", " href=", "x href=#y"):
        html = render(f'# Words\n\n<a title="{title}" href="#words">x</a>', flavour).html
        assert f'title="{title}" href="#user-content-00000000-words"' in html
        html = render(f'<a title="{title}" href="#words">x</a>', flavour).html
        assert f'title="{title}"' in html
        assert "#words" not in html


@pytest.mark.parametrize(
    "wrong",
    [
        {"MENTION_URL": "https://x.example/"},
        {"MENTION_URL": "javascript:{name}"},
        {"MENTION_URL": "//x.example/{name}"},
        {"MENTION_URL": "https://{name}.x.example/"},
        {"CHANNEL_URL": "/c/{name} x"},
        {"GROUP_MENTIONS": "all, here"},
        {"GROUP_MENTIONS": "all,"},
        {"GROUP_MENTIONS": "dev/backend"},
        {"IMAGE_PROXY_URL": "https://p.example/"},
        {"IMAGE_PROXY_URL": "https://p.example/{digest}/{hex}"},
        {"HEADING_PREFIX": "x"},
        {"HEADING_PREFIX": "X-"},
    ],
)
def test_settings_that_cannot_work_are_refused(wrong: dict[str, str], flavour: Flavour) -> None:
    """The error names the setting."""
    with pytest.raises(BadSettings, match=next(iter(wrong)).partition("_")[0]):
        load(RendererSettings, {f"SPLITFLAP_{name}": value for name, value in wrong.items()})
    assert flavour
