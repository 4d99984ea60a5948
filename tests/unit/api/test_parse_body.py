"""Parsing of bodies: each refusal has its slug, its field and the expected value."""

import io
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from splitflap_api.contract import models
from splitflap_api.contract.blank import is_blank
from splitflap_api.contract.dead_letter_models import DeadLetterIds
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.previews import preview_key
from splitflap_api.http.parse import MAX_BODY, check_text, json_body

from .requests_to_parse import PYTHON, parts_of, refusal, request_with

JSON = "application/json"
CHANNEL = "expected 1 to 100 letters (A to Z), digits, `.`, `_` or `-`, beginning with"
ACCOUNT = "expected 1 to 100 letters (A to Z), digits, `.`, `_`, `@` or `-`, beginning with"


def read(model: type[Any], data: bytes, content_type: str = JSON, **more: Any) -> Any:
    """The body as an instance of the model."""
    with request_with(method="POST", data=data, content_type=content_type, **more):
        return json_body(model)


def stream(body: Any) -> dict[str, Any]:
    """A WSGI environment with a body of 50 bytes, as from gunicorn."""
    return {
        "wsgi.input": body,
        "wsgi.input_terminated": True,
        "CONTENT_LENGTH": "50",
        "CONTENT_TYPE": JSON,
    }


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "it ends too early"),
        (b"{", "it ends too early"),
        (b'{"text":"x"', "it ends too early"),
        (b"\xff", "it is not UTF-8 at byte 0"),
        (b'{"text":"\xff"}', "it is not UTF-8 at byte 9"),
        (b'{"\xff":1}', "it is not UTF-8 at byte 2"),
        ('{"text":"x"}'.encode("utf-16"), "it is not UTF-8 at byte 0"),
        (b"\xef\xbb\xbf{}", "invalid character at byte 0"),
        (b'{"text":"\\ud800"}', r"an escape such as \ud800 is half of a surrogate pair"),
        (b'{"text":"\\udc00x"}', r"an escape such as \ud800 is half of a surrogate pair"),
        (b'{"text":"\\ud800\\u0041"}', r"an escape such as \ud800 is half of a surrogate pair"),
        (b'{"text":"\\ud800', "it ends too early"),
        (b'{"text":"x"} x', "trailing characters at byte 14"),
        (b"NaN", "invalid character at byte 0"),
        (b'{"text":NaN}', "invalid character at byte 8"),
        (b'{"text":Infinity}', "invalid character at byte 8"),
        (b"text=x", "invalid character at byte 4"),
        (b'{"text":"x",}', "trailing comma in object at byte 12"),
        (b"{'text':1}", "object keys must be strings at byte 1"),
        (b'{"text":01}', "invalid number at byte 9"),
        (b'{"text":"a\nb"}', "invalid character at byte 10"),
    ],
)
def test_broken_json_is_refused(data: bytes, reason: str) -> None:
    """400 with the reason and its place."""
    problem = refusal(
        lambda: json_body(models.PostInput), method="POST", data=data, content_type=JSON
    )
    assert (problem.slug, problem.errors) == ("bad-json", [])
    assert problem.detail == f"the body is not JSON: {reason}"


@pytest.mark.parametrize(
    ("model", "data", "field", "message"),
    [
        (models.PostInput, b"[]", None, "expected an object, got a list"),
        (models.PostInput, b"null", None, "expected an object, got null"),
        (models.PostInput, b'"x"', None, "expected an object, got a string"),
        (models.PostInput, b"3", None, "expected an object, got a number"),
        (models.PostInput, b"[" * 100_000, None, "expected an object, got a list"),
        (models.PostInput, b'{"a":' * 50_000, "a", "is not known here"),
        (models.PostInput, b"{}", "text", "is required"),
        (models.PostInput, b'{"text":3}', "text", "expected a string, got a number"),
        (models.PostInput, b'{"text":1e999}', "text", "expected a string"),
        (models.PostInput, b'{"text":1.5}', "text", "expected a string, got a number"),
        (models.PostInput, b'{"text":true}', "text", "expected a string, got a boolean"),
        (models.PostInput, b'{"text":{}}', "text", "expected a string, got an object"),
        (models.PostInput, b'{"text":null}', "text", "expected a string, got null"),
        (models.PostInput, b'{"text":' + b"[" * 99_999, "text", "expected a string, got a list"),
        (models.PostInput, b'{"text":"x","chanel":"x"}', "chanel", "is not known here"),
        (
            models.BatchInput,
            b'{"posts":[{"text":"x"},{"text":"x","chanel":"x"}]}',
            "posts[1].chanel",
            "is not known here",
        ),
        (models.BatchInput, b'{"posts":[{}]}', "posts[0].text", "is required"),
        (models.PostInput, b'{"te`x` - at `$.t":1}', "te`x` - at `$.t", "is not known here"),
        (models.PostInput, b'{"%s":1}' % (b"n" * 300), "n" * 100, "is not known here"),
        (models.PostInput, b'{"text":"x","text":"y"}', "text", "expected once"),
        (models.PostInput, b'{"text":"x","t\\u0065xt":"x"}', "text", "expected once"),
        (models.PostInput, b'{"text":"x","channel":null}', "channel", f"{CHANNEL} a letter"),
        (models.PostInput, b'{"text":"x","channel":5}', "channel", f"{CHANNEL} a letter"),
        (models.PostInput, b'{"text":"x","channel":"A B"}', "channel", f"{CHANNEL} a letter"),
        (models.PostInput, b'{"text":"x","channel":""}', "channel", CHANNEL),
        (models.PostInput, b'{"text":"x","channel":"a\\n"}', "channel", CHANNEL),
        (models.PostInput, b'{"text":"x","channel":"-a"}', "channel", CHANNEL),
        (models.PostInput, b'{"text":"x","channel":"%s"}' % (b"c" * 101), "channel", CHANNEL),
        (
            models.PostInput,
            b'{"text":"x","flavour":"md"}',
            "flavour",
            "expected `gfm` or `markdown`",
        ),
        (models.PostInput, b'{"text":"x","flavour":1}', "flavour", "expected `gfm` or `markdown`"),
        (models.PostInput, b'{"text":"x","breaks":1}', "breaks", "expected true or false, got a n"),
        (models.EditInput, b'{"text":"x","breaks":"on"}', "breaks", "expected true or false, got"),
        (models.RenderInput, b'{"text":"x","breaks":[]}', "breaks", "expected true or false, got"),
        (models.EditInput, b'{"text":"x","channel":"c"}', "channel", "is not known here"),
        (models.PreviewInput, b'{"url":""}', "url", "expected 1 to 2000 characters"),
        (
            models.PreviewInput,
            b'{"url":"%s"}' % (b"u" * 2001),
            "url",
            "expected 1 to 2000 characters",
        ),
        (
            models.PreviewInput,
            b'{"url":"x","refresh":1}',
            "refresh",
            "expected true or false, got a n",
        ),
        (models.KeyInput, b'{"account":"a"}', "scopes", "is required"),
        (models.KeyInput, b'{"account":"a b","scopes":["read"]}', "account", ACCOUNT),
        (models.KeyInput, b'{"account":"a\\n","scopes":["read"]}', "account", ACCOUNT),
        (
            models.KeyInput,
            b'{"account":"a","scopes":[]}',
            "scopes",
            "expected a list that is not e",
        ),
        (models.KeyInput, b'{"account":"a","scopes":"read"}', "scopes", "expected a list"),
        (
            DeadLetterIds,
            b'{"ids":[]}',
            "ids",
            "expected a list of 1 to 100 items",
        ),
        (
            DeadLetterIds,
            b'{"ids":[%s]}' % b",".join([b'"x"'] * 101),
            "ids",
            "expected a list of 1 to 100 items",
        ),
        (models.KeyInput, b'{"account":"a","scopes":["root"]}', "scopes[0]", "expected `act` or"),
        (
            models.KeyInput,
            b'{"account":"a","scopes":["read",3]}',
            "scopes[1]",
            "expected `act` or",
        ),
        (models.KeyInput, b'{"account":"a","scopes":[[[[]]]]}', "scopes[0]", "expected `act` or"),
        (
            models.KeyInput,
            b'{"account":"a","scopes":["read"],"name":"\\u0000"}',
            "name",
            "expected at most 200 characters, none of them a control character",
        ),
    ],
)
def test_wrong_fields_are_named(
    model: type[Any], data: bytes, field: str | None, message: str
) -> None:
    """422 with the field and the expected value, in words of JSON."""
    problem = refusal(lambda: json_body(model), method="POST", data=data, content_type=JSON)
    slug, named, complaint = parts_of(problem)
    assert (slug, named) == ("invalid", field)
    assert complaint.startswith(message)
    assert not PYTHON.search(complaint)


@given(
    st.sampled_from([models.PostInput, models.EditInput, models.PreviewInput, models.KeyInput]),
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["text", "channel", "breaks", "url", "account", "scopes", "x"]),
                inner,
            )
        ),
    ),
    st.integers(0, 60),
)
@settings(max_examples=400, deadline=None)
def test_no_refusal_of_a_body_speaks_python(model: type[Any], value: Any, end: int) -> None:
    """Random values, also cut off: strings, numbers, lists and objects are the words."""
    for data in (json.dumps(value).encode(), json.dumps(value).encode()[:end]):
        try:
            read(model, data)
        except Problem as problem:
            said = problem.detail.replace(json.dumps(value), "")
            assert not PYTHON.search(said), said


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/problem+json",
        "application/json; charset=latin-1",
        "application/json, text/plain",
    ],
)
def test_another_media_type_is_refused(content_type: str) -> None:
    """415 with the media type as the client sent it. `Accept` names the supported one."""
    problem = refusal(
        lambda: json_body(models.PostInput), method="POST", data=b"{}", content_type=content_type
    )
    assert problem.slug == "unsupported-media-type"
    assert problem.headers == {"Accept": "application/json"}
    assert problem.detail == (
        f"Content-Type: expected application/json in UTF-8, got {content_type}"
    )


@pytest.mark.parametrize(
    "content_type", ["APPLICATION/JSON", "application/json;charset=UTF8", "application/json; a=b"]
)
def test_spellings_of_the_media_type_are_accepted(content_type: str) -> None:
    """Case and parameters make no difference."""
    assert read(models.PostInput, b'{"text":"x"}', content_type).text == "x"


def test_an_encoded_body_is_refused() -> None:
    """Compressed bodies are refused. `Accept-Encoding` says so (RFC 9110, section 15.5.16)."""
    encoded = {"Content-Encoding": "gzip"}
    problem = refusal(
        lambda: json_body(models.PostInput), data=b"{}", content_type=JSON, headers=encoded
    )
    message = "Content-Encoding: expected an uncompressed body, got gzip"
    assert parts_of(problem) == ("unsupported-media-type", None, message)
    assert problem.headers == {"Accept-Encoding": "identity"}


def test_a_too_large_body_is_refused_unread() -> None:
    """413 by its Content-Length."""
    problem = refusal(
        lambda: json_body(models.PostInput), data=b"x" * (MAX_BODY + 1), content_type=JSON
    )
    assert parts_of(problem) == ("too-large", None, f"expected a body of at most {MAX_BODY} bytes")


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
def test_a_body_of_exactly_the_limit_is_read(headers: dict[str, str]) -> None:
    """With a length, and in chunks."""
    data = b'{"text":"x"}'.ljust(MAX_BODY)
    assert read_body(data, headers).text == "x"


@pytest.mark.parametrize("headers", [{}, {"Transfer-Encoding": "chunked"}])
@pytest.mark.parametrize("more", [1, 2, MAX_BODY])
def test_a_body_beyond_the_limit_is_refused(headers: dict[str, str], more: int) -> None:
    """413, and no part of it is used."""
    data = b'{"text":"x"}'.ljust(MAX_BODY + more)
    with pytest.raises(Problem) as refused:
        read_body(data, headers)
    message = f"expected a body of at most {MAX_BODY} bytes"
    assert parts_of(refused.value) == ("too-large", None, message)


def read_body(data: bytes, headers: dict[str, str]) -> models.PostInput:
    """Parse a body, with its length or in chunks."""
    environ = {"wsgi.input": io.BytesIO(data), "CONTENT_TYPE": JSON, "wsgi.input_terminated": True}
    environ |= {} if headers else {"CONTENT_LENGTH": str(len(data))}
    with request_with(method="POST", headers=headers, environ_overrides=environ):
        return json_body(models.PostInput)


def test_the_largest_text_may_be_escaped() -> None:
    """The limit of a body allows the largest text with every byte escaped."""
    text = "\\u0041" * models.MAX_TEXT
    made = read(models.PostInput, b'{"text":"%s"}' % text.encode())
    check_text(made.text)
    assert len(made.text) == models.MAX_TEXT


def test_a_truncated_body_is_refused() -> None:
    """The received part is valid JSON, but shorter than Content-Length."""
    problem = refusal(
        lambda: json_body(models.PostInput), environ_overrides=stream(io.BytesIO(b'{"text":"x"}'))
    )
    assert parts_of(problem) == ("bad-json", None, "the body ended before its Content-Length")


def test_a_slow_body_gets_408() -> None:
    """The client's socket raises TimeoutError."""

    class Slow:
        def read(self, _: int) -> bytes:
            raise TimeoutError

    problem = refusal(lambda: json_body(models.PostInput), environ_overrides=stream(Slow()))
    assert parts_of(problem) == ("request-timeout", None, "the body came too slowly")


VISIBLE = "expected text with a visible character outside of comments, without U+0000"


@pytest.mark.parametrize(
    ("text", "slug", "message"),
    [
        ("a\0b", "invalid", VISIBLE),
        ("", "invalid", VISIBLE),
        ("a" * 65_537, "too-large", "expected at most 65536 bytes of UTF-8, got 65537"),
        ("é" * 32_769, "too-large", "expected at most 65536 bytes of UTF-8, got 65538"),
    ],
)
def test_empty_and_too_long_texts_are_refused(text: str, slug: str, message: str) -> None:
    """A text too long by its characters gets the same problem as one too long by its bytes."""
    read_text = read(models.PostInput, json.dumps({"text": text}).encode()).text
    with pytest.raises(Problem) as refused:
        check_text(read_text)
    assert parts_of(refused.value) == (slug, "text", message)
    check_text("é" * 32_768)
    check_text("a" * 65_536)


@pytest.mark.parametrize(
    "text",
    [
        " ",
        "\t\r\n\x0b\x0c",
        "\xa0\u1680\u2003\u202f\u205f\u3000",
        "\u2028\u2029\x85",
        "\u200b\u200c\u200d\u2060\ufeff",
        "\u00ad\u180e\u034f",
        "\u200e\u200f\u202e\u2066\u2069\u061c",
        "\u115f\u1160\u3164\uffa0",
        "\u2800",
        "\ufe0f",
        "\U000e0020\U000e007f\U000e0100",
        "\x01\x1b\x7f\x9f",
        " \u200b" * 5_000,
    ],
)
def test_a_text_without_a_visible_character_is_refused(text: str) -> None:
    """White space, zero-width and other characters without a glyph make an empty post."""
    with pytest.raises(Problem) as refused:
        check_text(text)
    assert parts_of(refused.value) == ("invalid", "text", VISIBLE)
    check_text(text + "x")
    check_text(f"{text}\u0301{text}")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- x -->",
        "<!---->",
        "<!-->",
        "<!--->\n<!-- x --> <!-->",
        "  <!-- a\n\nb -->\n\n<!-- c --> \u200b <!-- d -->\n",
        "<!-- a\n    b -->",
        "[//]: # (a comment)",
        '[//]: # "a comment"\r\n[comment]: <> (b)\n\n   [x]: #',
        "&nbsp;",
        "&#32;&#x200B; &ZeroWidthSpace;\n<!-- x -->&shy;",
        "<!--" + "a" * 60_000 + "-->",
        "<!-- a -->" * 6_000,
        "&#32;" * 13_000,
    ],
)
def test_a_text_of_comments_is_refused(text: str) -> None:
    """Comments of HTML and of Markdown, and escapes of invisible characters, show nothing."""
    with pytest.raises(Problem) as refused:
        check_text(text)
    assert parts_of(refused.value) == ("invalid", "text", VISIBLE)
    check_text(text + "\nx")


@pytest.mark.parametrize(
    "text",
    [
        "<!-- x",
        "<!-- x --",
        "<!-- a --> b",
        "a <!-- b -->",
        "<!--> b",
        "<!--> b -->",
        "#",
        "- ",
        "<b></b>",
        "<details></details>",
        "    <!-- code -->",
        "\t<!-- code -->",
        "<!-- a -->\n\n    <!-- code -->",
        "    &nbsp;",
        "```\n<!-- a -->\n```",
        "`<!-- a -->`",
        "<br>",
        "&amp;",
        "&#0;",
        "&nonesuch;",
        "&nbsp",
        "[ann]: hello",
        "[x]: https://x.example",
        "[//]: # (a) b",
        "<!-- a --> [//]: # (b)",
        "\\<!-- a -->",
        "<!-- a" * 10_000,
        "[" * 60_000,
        "[//]: # (" * 6_000,
    ],
)
def test_a_text_that_may_show_something_is_accepted(text: str) -> None:
    """Code shows comments. Whatever looks like a word is left to the renderer."""
    check_text(text)


def test_every_character_of_unicodes_white_space_is_invisible() -> None:
    """As `str.isspace` has it."""
    every = (chr(code) for code in range(0x110000) if not 0xD800 <= code < 0xE000)
    assert [each for each in every if each.isspace() and not is_blank(each)] == []


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("x", "expected a URL whose scheme is http or https"),
        ("//host/", "expected a URL whose scheme is http or https"),
        ("ftp://host/", "expected a URL whose scheme is http or https"),
        ("javascript:alert(1)", "expected a URL whose scheme is http or https"),
        ("http://", "expected a URL with a host"),
        ("http:///path", "expected a URL with a host"),
        ("http://a b/", "expected a URL with a host, without spaces"),
        ("http://host/\n", "expected a URL with a host, without spaces"),
        ("http://host/\0", "expected a URL with a host, without spaces"),
        ("http://[::1/", "not a URL: "),
        ("http://host:99999/", "not a URL: "),
        ("http://host:port/", "not a URL: "),
    ],
)
def test_urls_unfit_for_a_preview_are_refused(url: str, message: str) -> None:
    """422 with the field `url`."""
    with pytest.raises(Problem) as refused:
        preview_key(url)
    slug, field, complaint = parts_of(refused.value)
    assert (slug, field) == ("invalid", "url")
    assert complaint.startswith(message)


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("http://host", "http://host"),
        ("HTTPS://Host:8/p?q#f", "https://host:8/p?q#f"),
        ("http://[::1]/", "http://[::1]/"),
        ("http://é/", "http://xn--9ca/"),
        ("http://user:secret@host:80/", "http://host/"),
        ("http://134744072/", "http://8.8.8.8/"),
        ("http://0x8.8.2056./", "http://8.8.8.8/"),
    ],
)
def test_all_spellings_of_a_url_have_one_preview(url: str, key: str) -> None:
    """The scraper decides whether to fetch it."""
    assert preview_key(url) == key
