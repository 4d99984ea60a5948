"""A request's low priority reaches each job that it causes."""

import pytest
from splitflap_api.contract.models import PostInput
from splitflap_api.domain.commands import Command
from splitflap_api.domain.posts.commands import CreatePost, EditPost
from splitflap_api.domain.previews import FetchPreview, RenderText
from splitflap_api.store import schema

from asyncrequest import NO_PRECONDITIONS

from .rig import ANY_URLS, Rig, by, rendered

POST = CreatePost(PostInput("hello", "general"), low=True)


@pytest.mark.parametrize(
    "command", [POST, RenderText("hello", low=True), FetchPreview("http://a/", low=True)]
)
def test_the_job_of_a_low_request_is_low(rig: Rig, command: Command) -> None:
    """It belongs to the account that asked."""
    rig.accept(command, "importer")
    [job] = rig.rows(schema.jobs)
    assert (job["account"], job["low"]) == ("importer", True)


def test_the_job_of_a_low_edit_is_low(rig: Rig) -> None:
    """The job of the post's first text was not."""
    task = rig.post()
    rig.apply(rendered(rig.job(task)))
    [post] = rig.rows(schema.posts)
    edit = EditPost(post["id"], "again", NO_PRECONDITIONS, ANY_URLS, by(), low=True)
    rig.accept(edit)
    assert [job["low"] for job in rig.rows(schema.jobs)] == [True]


def test_the_links_of_a_low_post_are_scraped_low(rig: Rig) -> None:
    """A low import would otherwise flood the scraper."""
    rig.accept(POST, "importer")
    [render] = rig.rows(schema.jobs)
    [scrape] = rig.apply(rendered(render, ["http://a/"]))
    assert (scrape["kind"], scrape["account"], scrape["low"]) == ("scrape", "importer", True)


def test_a_request_without_a_priority_is_not_low(rig: Rig) -> None:
    """The default urgency is 3."""
    assert rig.job(rig.post())["low"] is False
