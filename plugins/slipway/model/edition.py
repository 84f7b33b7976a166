"""What tells two deployments of one release apart that differ in settings or base image.

An edition is a version, and behind an ``@``, which is in no version, a few characters that stand
for what its machines are launched from. The first edition of a release is its version alone. To
all that compares versions an edition is one; who wants the release asks for :func:`version_of`.
"""

from __future__ import annotations

import re

# What runs are given for the release that serves, with the settings and base image of today.
SAME = "same"
# What a run that has nothing of it to bring says first.
NOTHING = "nothing to do: "
_BETWEEN = "@"
_MARK = re.compile(r"[0-9a-f]{8}")


def edition(version: str, mark: str = "") -> str:
    """Name an edition.

    :param version: of the release.
    :param mark: stands for the settings; empty for those of the first edition.
    """
    return f"{version}{_BETWEEN}{mark}" if mark else version


def version_of(name: str) -> str:
    """Return the version of the release that an edition is of.

    :param name: the edition's; a version is one.
    """
    return name.partition(_BETWEEN)[0]


def is_later(name: str) -> bool:
    """Tell whether a name is that of an edition after the first one.

    :param name: anything that somebody may have typed.
    """
    return _MARK.fullmatch(name.partition(_BETWEEN)[2]) is not None
