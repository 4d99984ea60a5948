#!/usr/bin/env python3
"""A builder with the commands of docker, for images of one small file.

It counts builds in the file that BUILDS names. The images have the labels that it was told.
"""

import argparse
import hashlib
import io
import json
import os
import sys
import tarfile
from pathlib import Path

STATE = Path(os.environ["BUILDS"])


def build(words: list[str]) -> None:
    """Keep the platform and the labels of an image."""
    parser = argparse.ArgumentParser()
    for name in ("--platform", "-f", "-t"):
        parser.add_argument(name)
    for name in ("--build-arg", "--label"):
        parser.add_argument(name, action="append", default=[])
    parser.add_argument("context")
    told = parser.parse_args(words)
    given = dict(each.split("=", 1) for each in told.build_arg)
    labels = dict(each.split("=", 1) for each in told.label)
    labels["org.opencontainers.image.revision"] = given["REVISION"]
    built = {"name": told.t, "platform": told.platform, "labels": labels, "arguments": given}
    with STATE.open("a", encoding="utf-8") as file:
        file.write(f"{json.dumps(built)}\n")


def save(path: str, name: str) -> None:
    """Write an image as `docker save` does."""
    lines = map(json.loads, STATE.read_text(encoding="utf-8").splitlines())
    built = next(each for each in lines if each["name"] == name)
    layer = archive({"etc/os-release": b"ID=small\nVERSION_ID=1\n", "name": name.encode()})
    config = {
        "os": built["platform"].split("/")[0],
        "architecture": built["platform"].split("/")[1],
        "config": {"Labels": built["labels"]},
        "rootfs": {"type": "layers", "diff_ids": [f"sha256:{hashlib.sha256(layer).hexdigest()}"]},
    }
    manifest = [{"Config": "config.json", "RepoTags": [name], "Layers": ["layer.tar"]}]
    files = {"config.json": json.dumps(config).encode(), "layer.tar": layer}
    files["manifest.json"] = json.dumps(manifest).encode()
    Path(path).write_bytes(archive(files))


def archive(files: dict[str, bytes]) -> bytes:
    """A tar of files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


if __name__ == "__main__":
    command, *rest = sys.argv[1:]
    if command == "build":
        build(rest)
    else:
        save(rest[1], rest[2])
