"""How the commands find the API, and the key that they show it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click
from splitflap_core.settings import PREFIX, BadSettings, CommonSettings, load

from splitflap.errors import Refused, WrongSettingsGiven
from splitflap.launch.datadir import key_file, stored_key
from splitflap.launch.settings import LauncherSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from splitflap.client import Client


def default_url() -> str:
    """Where `up` serves with the same settings.

    Raises:
        WrongSettingsGiven: names what is wrong.
    """
    try:
        return load(LauncherSettings).address
    except BadSettings as error:
        raise WrongSettingsGiven(f"wrong settings\n{error}") from error


data_dir_option = click.option(
    "--data-dir",
    metavar="DIR",
    help=f"Folder of the embedded database and broker, and of the key.  "
    f"[env: {PREFIX}DATA_DIR; default: {CommonSettings().data_dir}]",
)


@dataclass(frozen=True)
class Access:
    """What the global options say."""

    url: str | None
    key: str | None
    data_dir: str | None

    def client(self, note: Callable[[Refused, float], None] | None = None) -> Client:
        """A client of the API, with the key given or the one that `up` has left.

        `note` hears what its requests are put off by; without it, standard error does.

        Raises:
            Refused: there is no key.
        """
        # The launcher, which runs all day, has no need of an HTTP client's megabytes.
        from splitflap.client import Client

        url = default_url() if self.url is None else self.url
        return Client(url, self.key or self._stored_key(), note=note)

    def _stored_key(self) -> str:
        folder = self.data_dir or os.environ.get(PREFIX + "DATA_DIR") or CommonSettings().data_dir
        try:
            key = stored_key(folder)
        except OSError as error:
            raise Refused(f"cannot read {key_file(folder)}: {error.strerror}") from error
        if key is None:
            raise Refused(
                f"no key: give --key or {PREFIX}KEY (there is no {key_file(folder)}, "
                "where `splitflap up` keeps the first one)"
            )
        return key
