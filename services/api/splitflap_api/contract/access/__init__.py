"""Credentials of requests: keys, sessions of browsers, tokens for streams."""
