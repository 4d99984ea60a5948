"""Access to the API: its address and the key, from options, environment or data folder."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from splitflap_core.settings import PREFIX, CommonSettings

from splitflap.errors import CommandError
from splitflap.settings import key_file, read_settings, stored_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from splitflap.client import Client

data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    help=f"Folder of the embedded database and broker, and of the key.  "
    f"[env: {PREFIX}DATA_DIR; default: {CommonSettings().data_dir}]",
)


@dataclass(frozen=True)
class Access:
    """The values of the global options."""

    url: str | None
    key: str | None
    data_dir: str | None

    def client(
        self,
        on_retry: Callable[[CommandError, float], None] | None = None,
        *,
        patience: float | None = None,
    ) -> Client:
        """A client of the API, with the given key or the key that `up` stored.

        Args:
            on_retry: called before each retry, with the error and the delay in seconds. Without
                it, the client reports retries on standard error.
            patience: seconds for which a request is sent again; else a few attempts.

        Raises:
            CommandError: there is no key, or the settings are invalid.
        """
        # Imported late: the launcher runs all day and saves the memory of an HTTP client.
        from splitflap.client import Client

        url = read_settings(dict(os.environ)).address if self.url is None else self.url
        return Client(url, self.key or self._stored_key(), on_retry=on_retry, patience=patience)

    def _stored_key(self) -> str:
        folder = self.data_dir or os.environ.get(PREFIX + "DATA_DIR") or CommonSettings().data_dir
        try:
            key = stored_key(folder)
        except OSError as error:
            raise CommandError(f"cannot read {key_file(folder)}: {error.strerror}") from error
        if key is None:
            raise CommandError(
                f"no key: give --key or {PREFIX}KEY (there is no {key_file(folder)}, "
                "where `splitflap up` keeps the first one)"
            )
        return key
