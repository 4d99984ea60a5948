"""Patterns of the OpenAPI document: every regex engine reads them, and the server agrees."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from splitflap_api.contract.patterns import ENTITY_TAGS, TEXT

#: What Python, ECMA-262 (with the flag `u`) and RE2 read alike: anchors, alternatives, groups
#: without a name, classes of characters, greedy repetition within RE2's limit of 1,000.
COMMON = re.compile(
    r"""(?:
        [\^$|)] | \( (?: \?: | (?!\?) ) | [*+?] (?![?+])
        | \{ [0-9]{1,3} (?: , (?:[0-9]{1,3})? )? \} (?![?+])
        | \[ \^? (?: [^\\\[\]] | \\ (?: x[0-9a-f]{2} | [trn\]\\-] ) )+ \]
        | \\ [*+?.(){}|^$\[\]\\] | [^\\\[\](){}*+?|^$]
    )+""",
    re.VERBOSE,
)
#: Rust's regex crate has the syntax and the limits of RE2.
RE2 = jsonschema_rs.RegexOptions()

#: Strings whose server has further rules, which no pattern can say.
LOOSER = {"url"}

#: Strings with a parser of their own.
PARSED = {"after"}

#: Bodies that fit. A test replaces one field.
BODIES: dict[str, dict[str, Any]] = {
    "create_post": {"text": "x"},
    "edit_post": {"text": "x"},
    "create_render": {"text": "x"},
    "create_preview": {"url": "https://example.org/"},
    "create_key": {"account": "a", "scopes": ["read"]},
    "replay_dead_letters": {"ids": [str(uuid4())]},
    "drop_dead_letters": {"ids": [str(uuid4())]},
    "create_session": {"key": "x"},
    "create_webhook": {"url": "https://app.example/hook"},
    "change_webhook": {"url": "https://app.example/hook"},
}


@dataclass(frozen=True)
class Place:
    """A string of an operation's request: in the query, a header or the body."""

    operation: str
    method: str
    path: str
    where: str
    name: str
    schema: Any

    def values(self) -> st.SearchStrategy[str]:
        """Texts on both sides of the pattern's border, as they can be sent in this place."""
        matching = st.from_regex(self.schema["pattern"], fullmatch=True)
        near = st.text(
            "aZ09.-_@ \t\n\r\0\x1f\x7f\x85\x9b\xa0,\"W/*'\u2003\u3000\U0001f600", max_size=12
        )
        parts = (matching, near, st.integers(0, 5))
        damaged = st.builds(lambda text, more, at: text[:at] + more + text[at:], *parts)
        # Python's `$` also matches before a final line feed.
        longer = st.builds("{}{}".format, matching, st.sampled_from("\n\r \0\x7f\xa0é"))
        long = st.integers(90, 260).map(lambda n: "a" * n)
        texts = st.one_of(matching, near, damaged, longer, long)
        if self.where == "header":
            # The parser of HTTP trims a value, and refuses control characters.
            return texts.filter(re.compile(r"[\t -~\xa0-\xff]*").fullmatch).map(str.strip)
        return texts

    def refuses(self, client: FlaskClient, value: str) -> bool:
        """Whether the server refuses this value, and names this string."""
        response = client.open(
            re.sub(r"{\w+}", str(uuid4()), self.path),
            method=self.method,
            query_string={self.name: value} if self.where == "query" else None,
            headers={"Splitflap-Page": "1"}
            | ({self.name: value} if self.where == "header" else {}),
            json=self._body(value),
            buffered=False,
        )
        is_problem = response.mimetype == "application/problem+json"
        errors = (response.json or {}).get("errors", ()) if is_problem else ()
        response.close()
        return self.name in [each["field"] for each in errors]

    def _body(self, value: str) -> dict[str, Any] | None:
        body = BODIES.get(self.operation)
        return body | {self.name: value} if body and self.where == "body" else body


@pytest.fixture
def document(app: Flask) -> Any:
    """The description as it is served."""
    return app.test_client().get("/v1/openapi.json").json


def patterns(node: Any) -> Iterator[str]:
    """All patterns in a document."""
    if isinstance(node, dict) and isinstance(node.get("pattern"), str):
        yield node["pattern"]
    children = node.values() if isinstance(node, dict) else node if isinstance(node, list) else ()
    for child in children:
        yield from patterns(child)


def places(document: Any) -> Iterator[Place]:
    """The strings of requests with a pattern."""
    for path, item in document["paths"].items():
        for method, operation in item.items():
            target = operation["operationId"], method.upper(), path
            for each in operation["parameters"]:
                yield Place(*target, each["in"], each["name"], each["schema"])
            for content in operation.get("requestBody", {}).get("content", {}).values():
                model = content["schema"]["$ref"].rpartition("/")[2]
                properties = document["components"]["schemas"][model]["properties"]
                for name, schema in properties.items():
                    yield Place(*target, "body", name, schema)


def check(place: Place, client: FlaskClient) -> None:
    """Compare the server with the document on random values."""
    documented = jsonschema_rs.validator_for(place.schema, pattern_options=RE2)

    looser = place.name in LOOSER

    @settings(
        max_examples=80, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
    )
    @given(place.values())
    def agree(value: str) -> None:
        refused = place.refuses(client, value)
        assert refused is not documented.is_valid(value) or (refused and looser)

    agree()


def test_no_pattern_has_a_character_that_breaks_a_source(document: Any) -> None:
    """Generators write patterns into literals of Go, JavaScript, Rust and C#."""
    for pattern in patterns(document):
        assert not re.search(
            "[\0-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ufeff\U00010000-\U0010ffff]", pattern
        )


def test_every_pattern_is_common_to_python_ecma_and_re2(document: Any) -> None:
    """No lookaround, no class by an escape, no escape above U+00FF: Go's tools refuse them."""
    found = set(patterns(document))
    assert len(found) >= 5
    for pattern in found:
        assert COMMON.fullmatch(pattern), pattern
        assert re.fullmatch(r"\^.*\$", pattern, re.DOTALL), pattern
        jsonschema_rs.validator_for({"type": "string", "pattern": pattern}, pattern_options=RE2)


@pytest.mark.parametrize(
    "foreign",
    [
        "^a(?!b)$",
        "^(?<=a)b$",
        r"^\s$",
        r"^\d$",
        r"^\u00e9$",
        r"^(a)\1$",
        "^a*?$",
        "^a{1001}$",
        "^(?P<n>a)$",
        r"\Aa\Z",
    ],
)
def test_a_foreign_construct_is_found(foreign: str) -> None:
    """The expression of the test above knows each of these."""
    assert not COMMON.fullmatch(foreign)


@pytest.mark.timeout(400)  # many requests: half a minute of CPU
def test_the_server_accepts_what_the_document_accepts(document: Any, client: FlaskClient) -> None:
    """Random values of each string with a pattern, in each operation."""
    found = [place for place in places(document) if "pattern" in place.schema]
    for place in found:
        check(place, client)
    names = {place.name for place in found}
    assert names >= {"text", "channel", "account", "name", "If-Match", "Idempotency-Key", "reason"}


def test_every_string_of_a_query_or_body_has_a_form(document: Any) -> None:
    """PostgreSQL refuses U+0000 in a text, so a string without a form would fail there with 500."""
    for place in places(document):
        if place.where in {"query", "body"} and place.schema.get("type") == "string":
            assert {"pattern", "enum", "format"} & place.schema.keys() or place.name in PARSED, (
                place
            )


@pytest.mark.parametrize("value", ["\0", "a\0b", "\0" * 20])
def test_no_string_of_a_query_may_have_the_character_zero(
    document: Any, client: FlaskClient, value: str
) -> None:
    """400 that names the parameter, with every database, for GET and HEAD."""
    found = [place for place in places(document) if place.where == "query"]
    assert {place.name for place in found} >= {"reason", "account", "queue", "channel", "after"}
    for place in found:
        assert place.refuses(client, value), place
        path = re.sub(r"{\w+}", str(uuid4()), place.path)
        answer = client.head(path, query_string={place.name: value})
        assert answer.status_code in {400, 405}, place


@pytest.mark.parametrize("value", ["\x80", "a\x85b", "\x9b31m", "\x9f", "\x7f", "\x1b"])
def test_a_name_of_a_key_has_no_control_characters(client: FlaskClient, value: str) -> None:
    """C0, DEL and C1 (Unicode's category Cc): terminals obey them in lists of keys."""
    body = {"account": "a", "scopes": ["read"], "name": value}
    refused = client.post("/v1/keys", json=body)
    assert refused.status_code == 422
    assert refused.json
    assert refused.json["errors"][0]["field"] == "name"


@pytest.mark.parametrize("character", ["\x80", "\x85", "\x9b", "\x7f"])
def test_an_address_to_preview_has_no_control_characters(
    client: FlaskClient, character: str
) -> None:
    """The message says so too."""
    refused = client.post("/v1/previews", json={"url": f"https://a.example/{character}"})
    assert refused.status_code == 422
    assert refused.json
    assert "without spaces or control characters" in refused.json["detail"]


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "header", ['"a"' + ",  " * 2000 + "x", '"a",' * 2000 + "x", " " * 8000 + "x"]
)
def test_a_hostile_if_match_is_refused_in_linear_time(header: str) -> None:
    """With two ways to match a space, the first header would take hours."""
    assert not ENTITY_TAGS.matches(header)


@pytest.mark.timeout(20)
@pytest.mark.parametrize(
    "text", [" " * 65_536, " " * 32_768 + "a" * 32_767 + "\0", "a " * 32_767 + "\0"]
)
def test_a_hostile_text_is_refused_in_linear_time(text: str) -> None:
    """The repetitions share no character, so there is one way to match."""
    assert not TEXT.matches(text)
