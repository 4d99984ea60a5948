"""The wheel of `splitflap_web`, which a release installs."""

import subprocess
import sys
import zipfile
from pathlib import Path

from splitflap_web.site import build

ROOT = Path(__file__).parents[3]


def test_the_wheel_has_the_page_inside(tmp_path: Path) -> None:
    """Its command builds the same folder as the one of a clone."""
    uv = [str(ROOT / ".uv/bin/uv"), "build", "--quiet", "--wheel", "--out-dir", str(tmp_path)]
    subprocess.run([*uv, str(ROOT / "services/web")], check=True)
    [wheel] = tmp_path.glob("*.whl")
    zipfile.ZipFile(wheel).extractall(tmp_path / "installed")
    # Isolated from the clone: only this folder has the package.
    path = str(tmp_path / "installed")
    code = f"import sys; sys.path.insert(0, {path!r}); import splitflap_web.__main__ as m; m.main()"
    subprocess.run([sys.executable, "-I", "-S", "-c", code, str(tmp_path / "site")], check=True)
    assert names(tmp_path / "site") == names(build(tmp_path / "expected"))


def names(folder: Path) -> set[Path]:
    """All files and folders below it."""
    return {path.relative_to(folder) for path in folder.rglob("*")}
