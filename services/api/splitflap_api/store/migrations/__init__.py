"""The schema's history, for Alembic. A release adds; what it no longer needs, the next removes."""
