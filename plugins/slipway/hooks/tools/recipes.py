"""The files that say what a machine is: ``packer/`` and ``ansible/``.

Their digest is part of an image's identity: a changed line bakes anew, an unchanged tree finds
the image that is there.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from slipway.exceptions import EnvironmentMisconfigured

_SHARED = ("packer/machine.pkr.hcl", "packer/variables.pkr.hcl", "ansible/ansible.cfg")
LAYERS: Mapping[str, tuple[str, ...]] = {
    "base": (*_SHARED, "ansible/base.yml", "ansible/roles/base", "ansible/roles/tuning"),
    # The app layer ends with base's fresh start, so that role takes part in it as well.
    "app": (*_SHARED, "ansible/site.yml", "ansible/roles/base", "ansible/roles/app"),
    # The same, of a project that says what its machines are.
    "machine": (
        *_SHARED,
        "ansible/machine.yml",
        "ansible/roles/base",
        "ansible/roles/machine",
        "ansible/roles/app",
    ),
}


# What is written for people bakes nothing anew.
_FOR_PEOPLE = "README.md"


def recipe(root: Path, layer: str) -> dict[str, bytes]:
    """Read the files of one layer.

    :param root: the folder that holds ``packer`` and ``ansible``.
    :param layer: ``base``, ``app`` or ``machine``.
    :returns: path below the root -> content, sorted by path.
    :raises EnvironmentMisconfigured: when one is missing.
    """
    files: dict[str, bytes] = {}
    for name in LAYERS[layer]:
        path = root / name
        if not path.exists():
            msg = f"{path} is missing"
            raise EnvironmentMisconfigured(msg, advice="set [slipway] recipes to their folder")
        found = sorted(path.rglob("*")) if path.is_dir() else [path]
        files |= {
            str(one.relative_to(root)): one.read_bytes()
            for one in found
            if one.is_file() and one.name != _FOR_PEOPLE
        }
    return dict(sorted(files.items()))


def digest(*parts: Mapping[str, bytes]) -> str:
    """Return the digest of files and settings, 16 hex digits."""
    total = hashlib.sha256()
    for part in parts:
        for name, content in sorted(part.items()):
            total.update(f"{name}\0{len(content)}\0".encode())
            total.update(content)
    return total.hexdigest()[:16]
