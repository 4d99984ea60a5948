"""The registry of job kinds."""

from typing import get_args

from splitflap_core.contracts import PREVIEW_FIELDS, Kind, ScrapeResult
from splitflap_core.kinds import KINDS, MAX_ATTEMPTS, MAX_BEGINS


def test_every_kind_of_a_message_is_declared() -> None:
    """The type of `kind` and the registry name the same kinds."""
    assert tuple(KINDS) == get_args(Kind)
    assert all(spec.name == kind for kind, spec in KINDS.items())


def test_a_job_has_five_attempts() -> None:
    """The pages promise this number."""
    assert MAX_ATTEMPTS == 5


def test_a_job_begins_ten_times_without_an_end() -> None:
    """The pages promise this number too."""
    assert MAX_BEGINS == 10


def test_a_service_does_one_kind() -> None:
    """Its rights on the broker are for one queue."""
    assert len({spec.service for spec in KINDS.values()}) == len(KINDS)


def test_a_scrape_result_is_the_preview_and_its_freshness() -> None:
    """The API's columns follow `PREVIEW_FIELDS`."""
    assert ScrapeResult.__struct_fields__ == (*PREVIEW_FIELDS, "keep")
