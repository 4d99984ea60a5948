"""What a visitor's browser connects to: one proxy before each API, which can lose its network."""

from contextlib import ExitStack
from dataclasses import dataclass

from tests.servers.proxy import Proxy
from tests.system.rig.stack import Stack


@dataclass(frozen=True)
class Front:
    """One API of a stack, behind a proxy of its own."""

    stack: Stack
    api: str
    proxy: Proxy

    @property
    def origin(self) -> str:
        """The origin of its page."""
        return f"http://127.0.0.1:{self.proxy.port}"


def fronts(stack: Stack, exits: ExitStack) -> list[Front]:
    """A front of each API, until the end of `exits`."""
    return [
        Front(stack, api, exits.enter_context(Proxy(port))) for api, port in stack.ports.items()
    ]
