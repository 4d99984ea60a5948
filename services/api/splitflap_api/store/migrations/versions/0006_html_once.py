"""The HTML of a post is stored once: final responses refer to it.

Final responses of earlier releases keep their whole bodies until they expire. The release before
this one shows a task in the state `split` as running. It edits and deletes posts without a thought
of final responses, so the database itself keeps their HTML.
"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

_REFERS = sa.text("html_post IS NOT NULL")

#: The final response that shows the HTML of a post's revision gets the HTML.
_KEEP = """
    UPDATE tasks SET html = OLD.html
    WHERE html_post = OLD.id AND revision = OLD.revision AND state = 'split' AND html IS NULL;
"""

_SQLITE = (
    f"""CREATE TRIGGER posts_html_replaced AFTER UPDATE OF html ON posts
    WHEN OLD.html IS NOT NULL AND NEW.html IS NOT OLD.html BEGIN {_KEEP} END""",
    f"""CREATE TRIGGER posts_html_deleted AFTER DELETE ON posts
    WHEN OLD.html IS NOT NULL BEGIN {_KEEP} END""",
)
_POSTGRESQL = (
    f"""CREATE FUNCTION keep_html() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN {_KEEP} RETURN NULL; END $$""",
    """CREATE TRIGGER posts_html_replaced AFTER UPDATE OF html ON posts FOR EACH ROW
    WHEN (OLD.html IS NOT NULL AND NEW.html IS DISTINCT FROM OLD.html)
    EXECUTE FUNCTION keep_html()""",
    """CREATE TRIGGER posts_html_deleted AFTER DELETE ON posts FOR EACH ROW
    WHEN (OLD.html IS NOT NULL) EXECUTE FUNCTION keep_html()""",
)


def upgrade() -> None:
    """Add columns, an index and triggers. The index blocks writes of tasks for about a second."""
    op.add_column("tasks", sa.Column("html_post", sa.Uuid(as_uuid=False), nullable=True))
    op.add_column("tasks", sa.Column("html_bytes", sa.Integer(), nullable=True))
    op.add_column("tasks", sa.Column("html", sa.Text(), nullable=True))
    op.create_index(
        "tasks_html_post",
        "tasks",
        ["html_post"],
        postgresql_where=_REFERS,
        sqlite_where=_REFERS,
    )
    sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _SQLITE if sqlite else _POSTGRESQL:
        op.execute(statement)
