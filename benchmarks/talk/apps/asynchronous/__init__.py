"""Flask's async views, Flask on ASGI servers, and FastAPI beside it."""
