"""What the head of a request decides, for every operation."""

from typing import Any

import pytest
from flask.testing import FlaskClient
from splitflap_api.contract.paths import IDS

from .every_operation import Target, send

INDEX = Target("GET", "/", "index")


class Unread:
    """A body that must not be read: the client may wait for 100 Continue before it sends it."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("the body was read")


def test_every_operation_refuses_an_unknown_parameter(
    client: FlaskClient, existing: list[Target]
) -> None:
    """400 that names it, also for the index."""
    for target in [INDEX, *existing]:
        refused: Any = send(client, target._replace(path=f"{target.path}?zz=1"))
        assert (target.name, refused.status_code) == (target.name, 400)
        assert refused.json["errors"] == [{"field": "zz", "message": "is not known here"}]


def test_a_malformed_id_is_refused_before_the_body(client: FlaskClient) -> None:
    """Each operation with an id in its path: 404, although a body was announced."""
    document: Any = client.get("/v1/openapi.json").json
    checked = 0
    for path, item in document["paths"].items():
        for name, what in IDS.items():
            if f"{{{name}}}" not in path:
                continue
            for method in item:
                refused: Any = client.open(
                    path.replace(f"{{{name}}}", "nope"),
                    method=method.upper(),
                    content_type="application/json",
                    environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": "50"},
                )
                assert (method, path, refused.status_code) == (method, path, 404)
                assert refused.json["detail"] == f"no {what} has this id"
                checked += 1
    assert checked >= 8


def test_head_of_every_resource_has_the_head_of_get(
    client: FlaskClient, existing: list[Target]
) -> None:
    """RFC 9110, section 9.3.2. A length is that of the body of GET (section 8.6)."""
    read = [INDEX, *(each for each in existing if each.method == "GET")]
    for target in read:
        shown, head = send(client, target), send(client, target._replace(method="HEAD"))
        assert (target.name, head.status, dict(head.headers)) == (
            target.name,
            shown.status,
            dict(shown.headers),
        )
        assert head.get_data() == b""
        shown.close()


@pytest.mark.parametrize("path", ["/v1/events", "/v1/events?channel=none"])
def test_the_head_of_a_stream_has_no_length(client: FlaskClient, path: str) -> None:
    """A stream has none."""
    head = client.head(path)
    assert head.status_code == 200
    assert head.content_length is None
