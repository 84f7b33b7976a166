"""The base: Debian from a registry where one answers, else from Debian's own archive."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections import deque
from collections.abc import Callable
from pathlib import Path

import docker
import docker.errors
import requests

from include.images.inputs import Settings
from slipway.exceptions import ContainerEngineError, ImageUnavailable

ARCHIVE_REPOSITORY = "slipway/base"
# Seconds for a registry to say that it has the image. The download itself may take longer.
ANSWER_TIMEOUT = 10
_Say = Callable[[str], None]


def base(client: docker.DockerClient, settings: Settings, suite: str, say: _Say) -> str:
    """Return the name of a local image to build on, fetching or making it.

    :param client: of the Docker engine.
    :param settings: where base images and packages come from.
    :param suite: the Debian release, ``bookworm``.
    :param say: told what is going on, line by line.
    :raises ImageUnavailable: when neither source can be had.
    """
    if settings.base not in ("auto", "registry", "archive"):
        message = f"the base cannot come from {settings.base!r}"
        raise ImageUnavailable(message, advice="choose auto, registry or archive")
    image = settings.base_of(suite)
    if settings.base != "archive" and _pull(image, say):
        return image
    if settings.base == "registry":
        message = f"no registry answers for {image}"
        raise ImageUnavailable(message, advice="SLIPWAY_BASE=archive builds it from Debian's")
    return _from_archive(client, settings, suite, say)


def _pull(image: str, say: _Say) -> bool:
    """Pull an image, if its registry says within the timeout that it has it."""
    try:
        docker.from_env(timeout=ANSWER_TIMEOUT).images.get_registry_data(image)
        say(f"{image}: pulling")
        docker.from_env(timeout=600).images.pull(image)
    except (docker.errors.APIError, requests.RequestException) as problem:
        say(f"{image}: no registry has it ({str(problem)[-100:]})")
        return False
    return True


def _from_archive(client: docker.DockerClient, settings: Settings, suite: str, say: _Say) -> str:
    """Bootstrap Debian with mmdebstrap and import it."""
    if shutil.which("mmdebstrap") is None:
        message = "mmdebstrap is missing, and no registry has Debian"
        raise ImageUnavailable(message, advice="apt-get install mmdebstrap")
    archive = f"{ARCHIVE_REPOSITORY}:{suite}"
    say(f"{archive}: bootstrapping from {settings.mirror}")
    with tempfile.TemporaryDirectory(prefix="slipway-base-") as folder:
        tar = Path(folder) / "base.tar"
        _bootstrap(tar, settings.mirror, suite, say)
        imported = client.api.import_image_from_file(
            str(tar), repository=ARCHIVE_REPOSITORY, tag=suite, changes=["LABEL slipway.kind=image"]
        )
    if '"error"' in imported:
        message = f"Docker refused the bootstrapped base: {imported}"
        raise ContainerEngineError(message)
    return archive


def _bootstrap(tar: Path, mirror: str, suite: str, say: _Say) -> None:
    """Write a minimal Debian with its security updates into a tar."""
    sources = [
        f"deb {mirror} {suite} main",
        f"deb {mirror} {suite}-updates main",
        f"deb {mirror}-security {suite}-security main",
    ]
    options = [f"--dpkgopt={Path(__file__).parent / 'debian' / 'dpkg.cfg'}"]
    argv = ["mmdebstrap", "--variant=minbase", *options, suite, str(tar), *sources]
    with subprocess.Popen(  # noqa: S603 - fixed program, no shell, mirror is one argument
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        tail: deque[str] = deque(maxlen=5)
        for line in process.stderr or ():
            tail.append(line.strip())
            say(f"  {line.strip()}")
    if process.returncode != 0:
        message = f"mmdebstrap failed: {' / '.join(tail)}"
        raise ImageUnavailable(message, advice=f"does {mirror} answer? SLIPWAY_MIRROR changes it")
