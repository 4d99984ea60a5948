"""Recognizes walls: pages that stand in front of the requested page."""
