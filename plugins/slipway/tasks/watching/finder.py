"""Finders: each looks for one kind of thing in a repository, beside the others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from slipway.exceptions import InputError
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.git.watching import WatchedProject
from slipway.pipeline.yaml.skip import asks_to_skip
from slipway.tasks.watching.found import Find


@dataclass(frozen=True, kw_only=True, slots=True)
class Glance:
    """What a repository showed when it was asked, for one of its projects.

    :param project: the project.
    :param refs: the branches and tags that a project of the repository watches, in full, and what
        each points to; an annotated tag's commit is under the tag's name with ``^{}`` behind it.
    :param mirror: the repository.
    :param store: where is remembered what was seen.
    :param say: writes a line for people into the log.
    :param complain: says what is wrong, until it is mended.
    :param early: takes what is to be run in any case, also where the rest comes too late.
    :param later: says that the finder does not look this time, so what was wrong still is.
    """

    project: WatchedProject
    refs: Mapping[str, str]
    mirror: GitMirror
    store: ArtifactStore
    say: Callable[[str], None]
    complain: Callable[[Exception], None]
    early: Callable[[Find], None]
    later: Callable[[], None] = lambda: None

    def is_skipped(self, sha: str) -> bool:
        """Tell whether a commit's message asks for it not to be built; fetches the commit.

        :param sha: in full.
        """
        try:
            message = self.mirror.commit(sha).message
        except InputError:
            return False  # its own run will say so; the commits that follow it have theirs
        if not asks_to_skip(message):
            return False
        dag_id = self.project.dag_id
        self.say(f"{dag_id}: {sha[:7]} is not built, since its message says so")
        return True


class Finder(Protocol):
    """Looks for one kind of thing.

    What it raises is the trouble of its kind alone: the other finders of the project go on.
    """

    @property
    def by_refs(self) -> bool:
        """Tells that it finds nothing new as long as the repository's refs are as they were."""

    def wanted(self, project: WatchedProject) -> bool:
        """Tell whether a project asks for this kind of thing."""

    def find(self, glance: Glance) -> Sequence[Find]:
        """Return what is to be run, in the order in which it is to be run.

        It returns the same again until what it found was remembered (:class:`Seen`), which happens
        once the runs are there.
        """
