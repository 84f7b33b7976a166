"""The parts of a Debian package's version: ``[epoch:]upstream[-revision]``."""

from __future__ import annotations

import re

_EPOCH = re.compile(r"^\d+:")
_REVISION = re.compile(r"-[A-Za-z0-9+.~]*$")


def without_epoch(version: str) -> str:
    """Return a version as it stands in the name of a package's file."""
    return _EPOCH.sub("", version)


def upstream(version: str) -> str:
    """Return the part that says which release it is.

    A release's own version has no hyphen, so all that follows one is the package's revision.
    """
    return _REVISION.sub("", without_epoch(version))
