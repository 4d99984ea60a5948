"""Publish a release: `make publish REGISTRY=registry.example.com`.

Four images for each platform, the chart as an OCI artifact, and for each of them what its users
verify: a signature, SLSA provenance and, for each platform's image, an SBOM. A second run continues
the first.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from .options import Options, read_version, revision_of, source_of, tag_of
from .publisher import Publisher
from .signer import Signer
from .tools import PublishError, Tools

TOOLS = ("crane", "cosign", "syft", "helm")


def main() -> None:
    """Run the command line."""
    arguments = _parsed()
    try:
        options, missing = _options(arguments), _missing(arguments)
        print(f"{options.tag} from commit {options.revision} of {options.source}", flush=True)
        with tempfile.TemporaryDirectory() as folder:
            tools = Tools(Path(folder), arguments.dry_run, missing)
            signer = Signer(tools, arguments.key, arguments.tlog)
            found = Publisher(options, tools, signer).publish()
    except PublishError as error:
        print(f"publish: {error}", file=sys.stderr)
        sys.exit(1)
    for reference, digest in found.items():
        if digest:
            print(f"{reference}@{digest}")


def _options(arguments: argparse.Namespace) -> Options:
    def known(read: Callable[[], str], else_: str) -> str:
        """What a check reads. A dry run goes on without it."""
        try:
            return read()
        except PublishError as error:
            if not arguments.dry_run:
                raise
            print(f"first: {error}")
            return else_

    root: Path = arguments.root.resolve()
    if arguments.registry in ("", "localhost"):
        raise PublishError("give the registry, as REGISTRY=registry.example.com/team")
    if not arguments.tlog and not arguments.key:
        raise PublishError("TLOG=no needs COSIGN_KEY: a keyless signature needs the log")
    names = ("python_version", "python_image", "nginx_image")
    return Options(
        root=root,
        registry=arguments.registry.removesuffix("/"),
        tag=known(lambda: tag_of(root, arguments.tag), arguments.tag or read_version(root)),
        source=known(lambda: source_of(root, arguments.source), "?"),
        revision=revision_of(root),
        services=tuple(arguments.services.split()),
        platforms=tuple(arguments.platforms.split(",")),
        builder=arguments.builder,
        build_flags=tuple(arguments.build_flags.split()),
        bases={each.upper(): vars(arguments)[each] for each in names if vars(arguments)[each]},
        pin=arguments.pin,
    )


def _missing(arguments: argparse.Namespace) -> set[str]:
    """The missing programs. Only a dry run goes on without them.

    Raises:
        PublishError: programs are missing.
    """
    remedy = dict.fromkeys(TOOLS, "make publish-tools")
    remedy[arguments.builder or "a builder"] = "docker, podman or buildah, as BUILDER=..."
    missing = {each: how for each, how in remedy.items() if not shutil.which(each)}
    text = "not installed: " + "; ".join(f"{each} ({how})" for each, how in missing.items())
    if missing and not arguments.dry_run:
        raise PublishError(text)
    if missing:
        print(f"first: {text}")
    return set(missing)


def _parsed() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).parents[2])
    for name in ("registry", "tag", "source", "builder", "build-flags", "key"):
        parser.add_argument(f"--{name}", default="")
    for name in ("python-version", "python-image", "nginx-image"):
        parser.add_argument(f"--{name}", default="")
    parser.add_argument("--services", default="api scraper renderer web")
    parser.add_argument("--platforms", default="linux/amd64,linux/arm64")
    parser.add_argument("--no-tlog", dest="tlog", action="store_false", help="no transparency log")
    parser.add_argument("--no-pin", dest="pin", action="store_false", help="bases without digests")
    parser.add_argument("--dry-run", action="store_true", help="tell what is missing; push nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
