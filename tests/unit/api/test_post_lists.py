"""Lists of posts: filters, both directions, and posts with an earlier time."""

from itertools import pairwise

import pytest
from flask.testing import FlaskClient
from splitflap_api.contract.formats import first_id, new_id

KEY = {"read", "write", "act"}


@pytest.fixture
def posts(client: FlaskClient) -> list[str]:
    """The ids of posts of three years, the oldest first, accepted in another order."""
    app = client.post("/v1/keys", json={"account": "app", "scopes": sorted(KEY)}).json
    assert app is not None
    client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {app['key']}"
    for year, author, parent in ((2022, "ann", "t1"), (2020, "bob", "t1"), (2021, "ann", "t2")):
        new = {
            "text": str(year),
            "author": author,
            "parent": parent,
            "created_at": f"{year}-06-01T12:00:00.250+02:00",
        }
        assert client.post("/v1/posts", json=new).status_code == 202
    return listed(client, "order=oldest")


def listed(client: FlaskClient, query: str = "", field: str = "id") -> list[str]:
    """A field of all posts of a list, read in pages of one post."""
    found, after = [], ""
    while True:
        page = client.get(f"/v1/posts?limit=1&{query}{after}").json
        assert page is not None
        found += [each[field] for each in page["items"]]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def test_a_list_goes_on_after_an_id(client: FlaskClient, posts: list[str]) -> None:
    """A reader that kept no cursor has the last item."""
    for query, expected in (
        (f"order=oldest&after={posts[0]}", posts[1:]),
        (f"after={posts[1]}", posts[:1]),
    ):
        page = client.get(f"/v1/posts?{query}").json
        assert page is not None
        assert [each["id"] for each in page["items"]] == expected


def test_an_imported_post_stands_at_its_time(client: FlaskClient, posts: list[str]) -> None:
    """Its id has this time, so the order of ids is that of times."""
    assert listed(client, "order=oldest", "text") == ["2020", "2021", "2022"]
    assert listed(client, "", "text") == ["2022", "2021", "2020"]
    assert posts == sorted(posts)
    times = listed(client, "order=oldest", "created_at")
    assert times[0] == "2020-06-01T10:00:00.250Z"
    assert all(earlier < later for earlier, later in pairwise(times))


@pytest.mark.parametrize(
    ("query", "texts"),
    [
        ("author=ann", ["2022", "2021"]),
        ("parent=t1", ["2022", "2020"]),
        ("parent=t1&author=ann", ["2022"]),
        ("parent=t3", []),
        ("author=ANN", []),
        ("since=2021-06-01T10:00:00.250Z", ["2022", "2021"]),
        ("since=2021-06-01T10:00:00.251Z", ["2022"]),
        ("until=2021-06-01T10:00:00.250Z", ["2020"]),
        ("until=2021-06-01T12:00:00.251%2B02:00", ["2021", "2020"]),
        ("since=2021-01-01T00:00:00Z&until=2022-01-01T00:00:00Z", ["2021"]),
        ("since=2023-01-01T00:00:00Z", []),
        ("since=0001-01-01T00:00:00Z", ["2022", "2021", "2020"]),
        ("until=1969-12-31T23:59:59Z", []),
    ],
)
@pytest.mark.usefixtures("posts")
def test_a_list_has_the_posts_that_match(client: FlaskClient, query: str, texts: list[str]) -> None:
    """In both directions. `until` excludes its own time."""
    assert listed(client, query, "text") == texts
    assert listed(client, f"{query}&order=oldest", "text") == texts[::-1]


@pytest.mark.parametrize(
    "query",
    [
        "since=2021",
        "since=2021-06-01T10:00:00",
        "since=yesterday",
        "order=best",
        "parent=",
        "author=%20",
    ],
)
def test_a_wrong_filter_is_refused(client: FlaskClient, query: str) -> None:
    """A time needs its offset."""
    response = client.get(f"/v1/posts?{query}")
    assert response.status_code == 400
    assert response.json is not None
    assert response.json["errors"][0]["field"] == query.partition("=")[0]


@pytest.mark.parametrize("moment", ["2100-01-01T00:00:00Z", "1969-12-31T23:59:59Z", "2020-01-01"])
@pytest.mark.usefixtures("posts")
def test_a_post_has_a_past_time(client: FlaskClient, moment: str) -> None:
    """From 1970 to now."""
    response = client.post("/v1/posts", json={"text": "x", "created_at": moment})
    assert response.status_code == 422
    assert response.json is not None
    assert response.json["errors"][0]["field"] == "created_at"


def test_ids_begin_with_their_time() -> None:
    """The lowest id of a millisecond is not above any other of it."""
    for moment in (0, 1, 1_577_836_800_123, 253_402_300_799_999):
        assert first_id(moment) <= new_id(moment) < first_id(moment + 1)
        assert new_id(moment)[14] == "7"
