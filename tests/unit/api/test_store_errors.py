"""Errors of the database: they are logged, so they name no values."""

import pytest
from splitflap_api.store.schema import webhooks
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from .rig import Rig


def test_an_error_of_the_database_shows_no_secret(rig: Rig) -> None:
    """Neither its text nor its form for a log."""
    with pytest.raises(IntegrityError) as caught, rig.store.write() as tx:
        tx.execute(insert(webhooks), [{"id": "x", "secret": "whsec_secret"}])
    assert "whsec_secret" not in str(caught.value) + repr(caught.value)
