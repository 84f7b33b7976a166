"""Finders: each looks for one kind of thing in a repository, beside the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.git.watching import WatchedProject
from slipway.tasks.watching.found import Find


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """What a repository showed when it was asked, for one of its projects.

    :param project: the project.
    :param refs: each branch and tag of the repository, in full, and what it points to; of those
        that no project watches, perhaps none.
    :param mirror: the repository.
    :param store: where is remembered what was seen.
    :param say: writes a line for people into the log.
    """

    project: WatchedProject
    refs: Mapping[str, str]
    mirror: GitMirror
    store: ArtifactStore
    say: Callable[[str], None]


class Finder(Protocol):
    """Looks for one kind of thing.

    What it raises is the trouble of its kind alone: the other finders of the project go on.
    """

    def wanted(self, project: WatchedProject) -> bool:
        """Tell whether a project asks for this kind of thing."""

    def find(self, glance: Glance) -> Sequence[Find]:
        """Return what is to be run, in the order in which it is to be run.

        It returns the same again until what it found was remembered (:class:`Seen`), which happens
        once the runs are there.
        """
