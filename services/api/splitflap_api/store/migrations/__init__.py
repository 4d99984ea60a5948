"""The schema's history, for Alembic. A release only adds; the next one may remove unused parts."""
