"""The rate limit of a key, in the headers of its responses."""

import re

from tests.system.conftest import MakeStack


def test_responses_name_the_limit_and_refusals_the_wait(make_stack: MakeStack) -> None:
    """Each response has both RateLimit headers, and a 429 has Retry-After too."""
    client = make_stack("embedded", workers=(), RATE_LIMIT="1").client()
    responses = [client.get("/v1/posts") for _ in range(4)]
    assert {each.status_code for each in responses} == {200, 429}
    for each in responses:
        assert re.fullmatch('"key";q=2;w=2', each.headers["RateLimit-Policy"])
        assert re.fullmatch('"key";r=[0-2];t=[0-2]', each.headers["RateLimit"])
    refused = next(each for each in responses if each.status_code == 429)
    assert int(refused.headers["Retry-After"]) >= 1
