"""Blocks and raw HTML of a text, in both flavours."""
