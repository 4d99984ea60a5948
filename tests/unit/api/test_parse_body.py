"""Parsing of bodies: each refusal has its slug, its field and the expected value."""

import io
from typing import Any

import pytest
from splitflap_api.contract import models
from splitflap_api.contract.problems import Problem
from splitflap_api.domain.previews import preview_key
from splitflap_api.http.parse import MAX_BODY, check_text, json_body

from .requests_to_parse import parts_of, refusal, request_with

JSON = "application/json"
REGEX = "expected `str` matching regex"


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
    "data",
    [
        b"",
        b"{",
        b"\xff",
        b"\xef\xbb\xbf{}",
        b'{"text":"\xff"}',
        b'{"text":"\\ud800"}',
        b'{"text":"x"} x',
        b"NaN",
        b"text=x",
        '{"text":"x"}'.encode("utf-16"),
    ],
)
def test_broken_json_is_refused(data: bytes) -> None:
    """400 for a broken body, another encoding, or data after the end."""
    problem = refusal(
        lambda: json_body(models.NewPost), method="POST", data=data, content_type=JSON
    )
    assert (problem.slug, problem.errors) == ("bad-json", [])
    assert problem.detail.startswith("the body is not JSON: ")


@pytest.mark.parametrize(
    ("model", "data", "field", "message"),
    [
        (models.NewPost, b"[]", None, "expected `object`, got `array`"),
        (models.NewPost, b"null", None, "expected `object`, got `null`"),
        (models.NewPost, b"[" * 100_000, None, "expected `object`, got `array`"),
        (models.NewPost, b"{}", "text", "is required"),
        (models.NewPost, b'{"text":""}', "text", "expected `str` of length >= 1"),
        (models.NewPost, b'{"text":3}', "text", "expected `str`, got `int`"),
        (models.NewPost, b'{"text":null}', "text", "expected `str`, got `null`"),
        (models.NewPost, b'{"text":' + b"[" * 99_999, "text", "expected `str`, got `array`"),
        (models.NewPost, b'{"text":"x","chanel":"x"}', "chanel", "is not known here"),
        (models.NewPost, b'{"text":"x","channel":null}', "channel", "expected `str`, got `null`"),
        (models.NewPost, b'{"text":"x","channel":"a b"}', "channel", REGEX),
        (models.NewPost, b'{"text":"x","channel":""}', "channel", REGEX),
        (models.NewPost, b'{"text":"x","channel":"a\\n"}', "channel", REGEX),
        (models.NewPost, b'{"text":"x","channel":"-a"}', "channel", REGEX),
        (models.NewPost, b'{"text":"x","channel":"%s"}' % (b"c" * 101), "channel", REGEX),
        (models.Edit, b'{"text":"x","channel":"c"}', "channel", "is not known here"),
        (models.NewPreview, b'{"url":""}', "url", "expected `str` of length >= 1"),
        (models.NewPreview, b'{"url":"%s"}' % (b"u" * 2001), "url", "expected `str` of length <="),
        (models.NewPreview, b'{"url":"x","refresh":1}', "refresh", "expected `bool`, got `int`"),
        (models.NewKey, b'{"account":"a"}', "scopes", "is required"),
        (models.NewKey, b'{"account":"a b","scopes":["read"]}', "account", REGEX),
        (models.NewKey, b'{"account":"a\\n","scopes":["read"]}', "account", REGEX),
        (models.NewKey, b'{"account":"a","scopes":[]}', "scopes", "expected `array` of length"),
        (models.NewKey, b'{"account":"a","scopes":"read"}', "scopes", "expected `array`, got"),
        (models.NewKey, b'{"account":"a","scopes":["root"]}', "scopes[0]", "invalid enum value"),
        (models.NewKey, b'{"account":"a","scopes":["read",3]}', "scopes[1]", "expected `str`, got"),
        (models.NewKey, b'{"account":"a","scopes":["read"],"name":"\\u0000"}', "name", REGEX),
    ],
)
def test_wrong_fields_are_named(
    model: type[Any], data: bytes, field: str | None, message: str
) -> None:
    """422 with the field and the expected value."""
    problem = refusal(lambda: json_body(model), method="POST", data=data, content_type=JSON)
    slug, named, complaint = parts_of(problem)
    assert (slug, named) == ("invalid", field)
    assert complaint.startswith(message)


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
    """415 with the media type as the client sent it."""
    problem = refusal(
        lambda: json_body(models.NewPost), method="POST", data=b"{}", content_type=content_type
    )
    assert problem.slug == "unsupported-media-type"
    assert problem.detail == f"expected application/json, got {content_type}"


@pytest.mark.parametrize(
    "content_type", ["APPLICATION/JSON", "application/json;charset=UTF8", "application/json; a=b"]
)
def test_spellings_of_the_media_type_are_accepted(content_type: str) -> None:
    """Case and parameters make no difference."""
    assert read(models.NewPost, b'{"text":"x"}', content_type).text == "x"


def test_an_encoded_body_is_refused() -> None:
    """Compressed bodies are refused."""
    encoded = {"Content-Encoding": "gzip"}
    problem = refusal(
        lambda: json_body(models.NewPost), data=b"{}", content_type=JSON, headers=encoded
    )
    assert parts_of(problem) == ("unsupported-media-type", None, "expected no Content-Encoding")


def test_a_too_large_body_is_refused_unread() -> None:
    """413 by its Content-Length."""
    problem = refusal(
        lambda: json_body(models.NewPost), data=b"x" * (MAX_BODY + 1), content_type=JSON
    )
    assert parts_of(problem) == ("too-large", None, f"expected a body of at most {MAX_BODY} bytes")


def test_the_largest_text_may_be_escaped() -> None:
    """The limit of a body allows the largest text with every byte escaped."""
    text = "\\u0001" * models.MAX_TEXT
    made = read(models.NewPost, b'{"text":"%s"}' % text.encode())
    check_text(made.text)
    assert len(made.text) == models.MAX_TEXT


def test_a_truncated_body_is_refused() -> None:
    """The received part is valid JSON, but shorter than Content-Length."""
    problem = refusal(
        lambda: json_body(models.NewPost), environ_overrides=stream(io.BytesIO(b'{"text":"x"}'))
    )
    assert parts_of(problem) == ("bad-json", None, "the body ended before its Content-Length")


def test_a_slow_body_gets_408() -> None:
    """The client's socket raises TimeoutError."""

    class Slow:
        def read(self, _: int) -> bytes:
            raise TimeoutError

    problem = refusal(lambda: json_body(models.NewPost), environ_overrides=stream(Slow()))
    assert parts_of(problem) == ("request-timeout", None, "the body came too slowly")


@pytest.mark.parametrize(
    ("text", "slug", "message"),
    [
        ("a\0b", "invalid", "expected text that is not only white space, without U+0000"),
        ("é" * 32_769, "too-large", "expected at most 65536 bytes of UTF-8, got 65538"),
    ],
)
def test_texts_with_nul_or_too_many_bytes_are_refused(text: str, slug: str, message: str) -> None:
    """A model checks only the number of characters."""
    with pytest.raises(Problem) as refused:
        check_text(text)
    assert parts_of(refused.value) == (slug, "text", message)
    check_text("é" * 32_768)


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
