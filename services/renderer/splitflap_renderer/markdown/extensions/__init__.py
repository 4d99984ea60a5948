"""Extensions of Python-Markdown, for the flavour `markdown`."""
