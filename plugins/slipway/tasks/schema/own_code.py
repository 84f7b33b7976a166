"""Which code rehearses: what an older one saw, the next one may see otherwise.

A checkout that was brought up to date may have the version that it had before.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

import slipway

# Below the package.
_REHEARSES = (
    "hooks/migrations/*.py",
    "policies/heavy_changes.py",
    "policies/schema.py",
    "tasks/proof/*.py",
    "tasks/schema/*.py",
)


@functools.cache
def own_code() -> str:
    """Return a SHA-256 of all files whose code rehearses, made once in a process."""
    root, digest = Path(slipway.__file__).parent, hashlib.sha256()
    for pattern in _REHEARSES:
        for path in sorted(root.glob(pattern)):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(root)} {len(content)}\n".encode() + content)
    return digest.hexdigest()
