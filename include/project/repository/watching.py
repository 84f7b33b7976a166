"""What is watched in a project's repository, as people write it in a project file."""

from __future__ import annotations

from pydantic import BaseModel

from include.project.field_types import RefPattern
from slipway.model.git.watching import Burst, Watching


class Watch(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """What is run by itself when it is pushed (docs/watching.md)."""

    commits: Burst = Burst.EVERY
    """Of a push to the delivered branch: `every` commit is run, or the `newest` alone."""
    branches: tuple[RefPattern, ...] = ()
    """Other branches whose newest commit is tested after each push, in the DAG of pull requests,
    and never deployed: names, or patterns like `feature/*`, where `*` stays within a name's part
    and `**` does not."""
    tags: tuple[RefPattern, ...] = ()
    """Tags that are run when they are made, up to a release, which is not deployed: names, or
    patterns like `v*`."""

    def as_watching(self) -> Watching:
        """Return it as the watcher is told of it."""
        return Watching(branches=self.branches, tags=self.tags, commits=self.commits)
