"""What a newcomer sees once everything runs."""

import shlex

from splitflap_core.settings import PREFIX

from splitflap.launch.datadir import key_file
from splitflap.launch.settings import LauncherSettings

#: The variable that names the first key, where its owner has chosen one.
VARIABLE = f"{PREFIX}BOOTSTRAP_KEY"


def banner(settings: LauncherSettings, key: str) -> str:
    """The address, the key, and a line that can be pasted into a shell."""
    return (
        f"\nSplitflap is serving at {settings.address}\n"
        f"key  {_key(settings, key)}\n"
        f"try\n  {_curl(settings, key)}\n\n"
    )


def _key(settings: LauncherSettings, key: str) -> str:
    if settings.bootstrap_key:
        return f"the one in {VARIABLE}"
    return f"{key}   (scopes read, write, admin; kept in {key_file(settings.data_dir)})"


def _curl(settings: LauncherSettings, key: str) -> str:
    bearer = f'"Authorization: Bearer ${VARIABLE}"'
    if not settings.bootstrap_key:
        bearer = f"'Authorization: Bearer {key}'"
    return (
        f"curl -si {shlex.quote(settings.address + '/v1/posts')} -H {bearer} "
        "-H 'Content-Type: application/json' -H 'Prefer: wait=10' "
        """-d '{"text":"Hello **world**"}'"""
    )
