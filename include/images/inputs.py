"""What an image is made of, as one digest: an image whose digest is unchanged costs no build."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from include.images.catalog import IMAGES, REPOSITORY, Image

LABEL = "slipway.inputs"
CERTIFICATES = "certificates"
_SUITE = "bookworm"


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """What a builder may choose.

    :param base: ``auto`` (a registry if one answers, else the archive), ``registry``, ``archive``.
    :param base_image: what to ask the registry for, where Debian 12 is wanted.
    :param mirror: the Debian archive.
    :param certificates: folder of extra certificate authorities, ``*.crt``, of this host.
    """

    base: str = "auto"
    base_image: str = "debian:bookworm-slim"
    mirror: str = "http://deb.debian.org/debian"
    certificates: Path = Path("/usr/local/share/ca-certificates")

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Read ``SLIPWAY_BASE``, ``SLIPWAY_BASE_IMAGE``, ``SLIPWAY_MIRROR``, ``SLIPWAY_CA_DIR``."""
        default = cls()
        return cls(
            base=environment.get("SLIPWAY_BASE", default.base),
            base_image=environment.get("SLIPWAY_BASE_IMAGE", default.base_image),
            mirror=environment.get("SLIPWAY_MIRROR", default.mirror).rstrip("/"),
            certificates=Path(environment.get("SLIPWAY_CA_DIR", default.certificates)),
        )

    def base_of(self, suite: str) -> str:
        """Return what to ask the registry for.

        :param suite: a Debian release. A mirror's image is taken for the other release as well,
            where its name has the release in it.
        """
        if suite == _SUITE:
            return self.base_image
        found = self.base_image.replace(_SUITE, suite)
        return found if found != self.base_image else f"debian:{suite}-slim"


def context(image: Image, settings: Settings) -> dict[str, tuple[bytes, bool]]:
    """Return the build context: path -> (content, executable).

    The root image also gets the host's certificate authorities, so all others inherit them.
    """
    files = {
        path.relative_to(image.folder).as_posix(): (path.read_bytes(), os.access(path, os.X_OK))
        for path in sorted(image.folder.rglob("*"))
        if path.is_file()
    }
    for name in image.besides:
        path = REPOSITORY / name
        files[path.name] = (path.read_bytes(), False)
    if image.parent is None:
        for path in sorted(settings.certificates.rglob("*.crt")):
            name = path.relative_to(settings.certificates).as_posix().replace("/", "_")
            files[f"{CERTIFICATES}/{name}"] = (path.read_bytes(), False)
    return files


def build_arguments(image: Image, settings: Settings) -> dict[str, str]:
    """Return the values of those ``ARG``\\ s of the Dockerfile that follow the settings."""
    dockerfile = (image.folder / "Dockerfile").read_text()
    known = {"MIRROR": settings.mirror}
    # A Dockerfile of two images stands on the one that the catalogue says.
    if image.shares and image.parent:
        known["PARENT"] = IMAGES[image.parent].tag
    return {name: value for name, value in known.items() if f"ARG {name}=" in dockerfile}


def digest(image: Image, settings: Settings, parent: str) -> str:
    """Return the sha256 of everything that decides what the image holds.

    :param image: which one.
    :param settings: where base images and packages come from.
    :param parent: the parent's digest; empty for the root, where the base's settings count.
    """
    total = hashlib.sha256()
    base = parent or f"{settings.base} {settings.base_of(image.suite)} {settings.mirror}"
    arguments = sorted(build_arguments(image, settings).items())
    for part in (base, repr(arguments)):
        total.update(f"{part}\n".encode())
    for name, (content, executable) in sorted(context(image, settings).items()):
        inner = hashlib.sha256(content).hexdigest()
        total.update(f"{name} {executable} {inner}\n".encode())
    return total.hexdigest()


def archive(files: Mapping[str, tuple[bytes, bool]]) -> bytes:
    """Pack a build context as the engine wants it: a tar, the same bytes for the same files."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        # COPY refuses a folder that is not there, and a host may have no certificates.
        folder = tarfile.TarInfo(CERTIFICATES)
        folder.type, folder.mode = tarfile.DIRTYPE, 0o755
        tar.addfile(folder)
        for name, (content, executable) in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755 if executable else 0o644
            tar.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()
