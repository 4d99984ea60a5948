"""Alembic's entry: runs the migrations on the connection of store/migrate.py."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
