"""Applications that single experiments need beside app.py."""
