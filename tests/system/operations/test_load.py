"""`splitflap load` on a running stack."""

import json

from tests.system.rig.site import Site
from tests.system.rig.stack import Stack


def test_load_posts_every_kind_of_text(stack: Stack, site: Site) -> None:
    """The table counts each kind of text, and the scraper has fetched the links."""
    before = len(site.hits)
    options = ["--mix", "plain=2,heavy=1,links=1", "--count", "16", "--rate", "20", "--json"]
    ran = stack.run(
        "splitflap", "load", *options, "--page-url", site.url("page/{}"), SPLITFLAP_URL=stack.url()
    )
    assert ran.returncode == 0, ran.stderr
    figures = json.loads(ran.stdout)
    complete = {kind: each["complete"] for kind, each in figures.items()}
    assert complete == {"plain": 8, "heavy": 4, "links": 4, "all": 16}
    assert sum(hit.startswith("/page/load-") for hit in site.hits[before:]) == 16
    assert figures["all"]["p99 s"] >= figures["all"]["p50 s"] > 0
