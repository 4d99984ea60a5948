"""Signatures and attestations, by cosign."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from .tools import Tools


@dataclass(frozen=True)
class Signer:
    """Signs digests by a key or, without one, by the caller's identity."""

    tools: Tools
    key: str
    tlog: bool

    def attach(
        self,
        what: str,
        reference: str | None,
        label: str,
        predicate: Callable[[Path], None] | None = None,
    ) -> None:
        """Attach a signature or an attestation, unless the registry has one.

        Args:
            what: `signature`, or the type of an attestation.
            reference: a name with a digest; None in a dry run, if it is not published.
            label: what a reader calls it.
            predicate: writes the attestation's predicate to a file.
        """
        if reference and self._has(what, reference):
            print(f"present: {what} of {label}")
        elif self.tools.dry or reference is None:
            print(f"missing: {what} of {label}")
        else:
            if predicate is None:
                self.tools.run("cosign", "sign", "--yes", *self._how(), reference)
            else:
                path = self.tools.folder / "predicate.json"
                predicate(path)
                kind = ("--type", what, "--predicate", str(path))
                self.tools.run("cosign", "attest", "--yes", *self._how(), *kind, reference)
            print(f"attached: {what} of {label}", flush=True)

    def _has(self, what: str, reference: str) -> bool:
        if "cosign" in self.tools.missing:
            return False
        kind = ["verify"] if what == "signature" else ["verify-attestation", "--type", what]
        kind += self._whose()
        kind += [] if self.tlog else ["--insecure-ignore-tlog=true"]
        return self.tools.succeeds("cosign", *kind, reference)

    def _whose(self) -> list[str]:
        """The key that made it, or any identity."""
        if not self.key:
            anyone = ("--certificate-identity-regexp", ".", "--certificate-oidc-issuer-regexp", ".")
            return list(anyone)
        public = self.tools.folder / "cosign.pub"
        if not public.exists():
            self.tools.run("cosign", "public-key", "--key", self.key, "--outfile", str(public))
        return ["--key", str(public)]

    def _how(self) -> list[str]:
        how = ["--key", self.key] if self.key else []
        return how if self.tlog else [*how, "--use-signing-config=false", "--tlog-upload=false"]
