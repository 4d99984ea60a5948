"""The API under gunicorn and eventlet, as a process that tests connect to."""
