"""``python -m include.images.build [NAME...]``: make the images that are missing or outdated."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import fcntl
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import docker
import docker.errors

from include.images import builder, inputs
from include.images.base import base
from include.images.catalog import IMAGES, Image, chosen
from slipway.exceptions import ContainerEngineError, SlipwayError


def digests(images: Sequence[Image], settings: inputs.Settings) -> dict[str, str]:
    """Return name -> digest of the inputs, for images given parents first."""
    found: dict[str, str] = {}
    for image in images:
        parent = found[image.parent] if image.parent else ""
        found[image.name] = inputs.digest(image, settings, parent)
    return found


def bring_up_to_date(
    client: docker.DockerClient,
    names: Sequence[str] = (),
    *,
    settings: inputs.Settings | None = None,
    fresh: bool = False,
) -> list[str]:
    """Build the named images (when none is named, all but extras) where their inputs have changed.

    :param client: of the Docker engine.
    :param names: of images; empty for all but extras.
    :param settings: where base images and packages come from; None for those of the environment.
    :param fresh: build in any case, to take in Debian's updates.
    :return: the tags that were built.
    :raises ImageUnavailable: when an image is not known or its base cannot be had.
    :raises ContainerEngineError: when a build fails.
    """
    settings = settings or inputs.Settings.from_environment()
    with _one_at_a_time():
        return _build_outdated(client, chosen(names), settings, fresh)


def _build_outdated(
    client: docker.DockerClient, images: Sequence[Image], settings: inputs.Settings, fresh: bool
) -> list[str]:
    """Build those images, given parents first, whose inputs have changed."""
    wanted = digests(images, settings)
    built: list[str] = []
    for image in images:
        if not fresh and builder.is_current(client, image, wanted[image.name]):
            _say(f"{image.tag}: up to date")
            continue
        started = time.monotonic()
        _say(f"{image.tag}: building")
        try:
            root = base(client, settings, image.suite, _say) if image.parent is None else None
            builder.build(client, image, settings, wanted[image.name], root, _say)
        except docker.errors.DockerException as problem:
            message = f"{image.tag} cannot be built: {problem}"
            raise ContainerEngineError(message) from problem
        built.append(image.tag)
        _say(f"{image.tag}: built in {time.monotonic() - started:.0f} s")
    if built:
        builder.remove_leftovers(client)
    return built


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="include.images.build", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(IMAGES)}")
    parser.add_argument("--fresh", action="store_true", help="build even where nothing changed")
    parser.add_argument("--base", choices=["auto", "registry", "archive"], help="source of Debian")
    options = parser.parse_args(arguments)
    settings = inputs.Settings.from_environment()
    if options.base:
        settings = dataclasses.replace(settings, base=options.base)
    try:
        bring_up_to_date(_engine(), options.names, settings=settings, fresh=options.fresh)
    except SlipwayError as problem:
        sys.stderr.write(f"{problem}\n")
        return 1
    return 0


def _engine() -> docker.DockerClient:
    """Connect to Docker; a build may be silent for minutes."""
    try:
        client = docker.from_env(timeout=1800)
        client.ping()
    except docker.errors.DockerException as problem:
        message = f"Docker does not answer: {problem}"
        raise ContainerEngineError(message, advice="start it, or point DOCKER_HOST at it") from None
    return client


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Wait for another build of this user's: its stages have no name, and look like leftovers.

    The lock is where no other user puts anything: in a folder of everybody's it could be a link,
    or be held for ever.
    """
    folder = Path.home() / ".cache" / "slipway"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
    descriptor = os.open(folder / "images.lock", flags, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _say(line: str) -> None:
    """Show a line at once, also through a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
