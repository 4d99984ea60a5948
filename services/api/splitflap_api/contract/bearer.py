"""The key in an `Authorization: Bearer KEY` header (RFC 6750, section 2.1)."""


def bearer_of(header: str) -> str:
    """The key in an Authorization header, whatever the scheme's case; empty for none."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""
