"""The newer fields of previews in both databases, also beside replicas of the last release."""

import msgspec
from splitflap_api.domain.previews import shape_preview
from splitflap_api.store.engine import Store
from splitflap_api.store.migrate import migrate
from splitflap_core.contracts import PREVIEW_FIELDS
from sqlalchemy import text

from tests.unit.api.rig import Rig

URL = "http://a.example/"

#: Fields of a preview since migration 0008.
NEWER = PREVIEW_FIELDS[PREVIEW_FIELDS.index("image_alt") :]

#: The statement of a release that does not know them.
_INSERT = text("""
    INSERT INTO previews (url, state, title, image, image_width, fetched_at, expires_at)
    VALUES (:url, 'ready', 'Old', 'http://a.example/i', 2, 0, 1)
""")


def test_previews_of_the_last_release_lack_the_newer_fields(empty_store: Store) -> None:
    """The last release also writes previews during a rolling upgrade."""
    rig = Rig(empty_store)
    migrate(rig.store, "0007")
    with rig.store.write() as tx:
        tx.execute(_INSERT, {"url": URL})
    migrate(rig.store)
    with rig.store.write() as tx:
        tx.execute(_INSERT, {"url": f"{URL}2"})
    for url in (URL, f"{URL}2"):
        with rig.store.read() as tx:
            row = tx.execute(text("SELECT * FROM previews WHERE url = :url"), {"url": url})
            found = msgspec.to_builtins(shape_preview(url, row.mappings().one(), rig.urls))
        assert (found["title"], found["image_width"]) == ("Old", 2)
        assert {found[name] for name in NEWER} == {None}
