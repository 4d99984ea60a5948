"""Keys as bearer tokens: `Authorization: Bearer KEY`, and the challenge of a refusal (RFC 6750)."""


def bearer_of(header: str) -> str:
    """The key in an Authorization header; empty if there is none. The scheme ignores case."""
    scheme, _, secret = header.partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else ""


def challenge(error: str | None = None, scope: str | None = None) -> str:
    """The value of WWW-Authenticate. `error` is a code of section 3.1."""
    members = {"realm": "splitflap", "error": error, "scope": scope}
    return "Bearer " + ", ".join(f'{name}="{value}"' for name, value in members.items() if value)
