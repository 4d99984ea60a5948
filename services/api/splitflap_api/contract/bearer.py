"""The key in an `Authorization: Bearer KEY` header (RFC 6750, section 2.1)."""


def bearer_of(header: str) -> str:
    """The key in an Authorization header; empty if there is none. The scheme ignores case."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
