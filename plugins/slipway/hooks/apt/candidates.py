"""Packages whose commit has not passed yet: a distribution of their own beside the real one.

A component of the real one would do as well, if aptly could add one to what is published. A
distribution is further away: its index is signed by itself, and no source of a machine names it.
Only a builder looks there, with lists that are in its memory and never in an image.
"""

from __future__ import annotations

from dataclasses import replace

from slipway.hooks.apt.connection import AptRepository

_SUFFIX = "-candidate"


def of_candidates(repository: AptRepository) -> AptRepository:
    """Return where candidates for a distribution are published.

    :param repository: where they are published once they have passed.
    """
    name = f"{repository.distribution}{_SUFFIX}"
    # The component is a folder of packages as well, which aptly clears of what it does not know.
    return replace(repository, distribution=name, component=name)


def has_candidates(distribution: str) -> bool:
    """Tell whether a distribution is one of candidates."""
    return distribution.endswith(_SUFFIX)
