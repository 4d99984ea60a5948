"""Renders: HTML for a text, without a post."""

from tests.system.rig.client import Client


def test_render_returns_safe_html_and_links(client: Client) -> None:
    """`Prefer: wait` gets the final 200 at once."""
    text = "**bold** <script>alert(1)</script> https://example.org/a [b](javascript:alert(1))"
    response = client.post("/v1/renders", {"text": text}, prefer="wait=20")
    assert response.status_code == 200
    assert response.headers["Preference-Applied"] == "wait=20"
    assert response.json()["links"] == ["https://example.org/a"]
    assert "<strong>bold</strong>" in response.json()["html"]
    assert "<script" not in response.json()["html"]
    assert 'href="javascript' not in response.json()["html"]


def test_render_has_line_breaks_unless_it_is_asked_for_none(client: Client) -> None:
    """The setting SPLITFLAP_BREAKS is on by default."""
    for fields, wanted in (
        ({}, '<p dir="auto">a<br>\nb</p>'),
        ({"breaks": False}, '<p dir="auto">a\nb</p>'),
    ):
        response = client.post("/v1/renders", {"text": "a\nb", **fields}, prefer="wait=20")
        assert response.json()["html"].strip() == wanted


def test_unknown_flavour_is_refused(client: Client) -> None:
    """422 names the field."""
    unknown = client.post("/v1/renders", {"text": "x", "flavour": "rst"})
    assert (unknown.status_code, unknown.json()["errors"][0]["field"]) == (422, "flavour")


def test_text_that_costs_too_much_is_refused(client: Client) -> None:
    """422 names the line and the column."""
    refused = client.post("/v1/renders", {"text": "[" * 1000}, prefer="wait=20")
    assert (refused.status_code, refused.json()["reason"]) == (422, "refused")
    assert refused.json()["errors"][0]["message"].startswith("line 1, column 201: ")
