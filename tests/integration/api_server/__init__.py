"""The API under gunicorn and eventlet, as a process with real connections."""
