"""Packages whose commit has not passed yet: a distribution of their own beside the real one.

A component of the real one would do as well, if aptly could add one to what is published. A
distribution is further away: its index is signed by itself, and no source of a machine names it.
Only a builder looks there, with lists that are in its memory and never in an image.
"""

from __future__ import annotations

from dataclasses import replace

from slipway.hooks.apt.connection import AptRepository

COMPONENT = "candidate"


def of_candidates(repository: AptRepository) -> AptRepository:
    """Return where candidates for a distribution are published.

    :param repository: where they are published once they have passed.
    """
    distribution = f"{repository.distribution}-{COMPONENT}"
    return replace(repository, distribution=distribution, component=COMPONENT)
