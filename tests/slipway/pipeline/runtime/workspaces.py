"""A workspace in a folder, packed as the engine packs a container's."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from slipway.exceptions import ContainerEngineError
from slipway.model.container import NoSuchThing


@dataclass
class Workspace:
    """Files that steps have left.

    :param root: the folder, whose name is that of the workspace.
    """

    root: Path

    def write(self, path: str, content: str = "x", mode: int = 0o644) -> Path:
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(content)
        file.chmod(mode)
        return file

    def link(self, path: str, target: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).symlink_to(target)

    def read(self, path: str) -> Iterator[bytes]:
        """Pack a path: links at its end are links, names begin with the last part of the path."""
        place = self.root / path
        if place.parent.is_file():
            msg = "an engine answers with an error where a file is taken for a folder"
            raise ContainerEngineError(msg)
        if not os.path.lexists(place):
            msg = f"no {path}"
            raise NoSuchThing(msg)
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w", format=tarfile.PAX_FORMAT) as archive:
            archive.add(place, arcname=place.name if path else self.root.name)
        data.seek(0)
        while piece := data.read(4096):
            yield piece
