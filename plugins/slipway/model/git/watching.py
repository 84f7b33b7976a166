"""What the watcher looks for in a project's repository."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.forge.place import ForgePlace

# The end of the id of the DAG in which proposals run: pull requests and branches that are not
# delivered. They are tested there, and nothing more.
PROPOSALS = "pr"


class Burst(StrEnum):
    """Which commits of one push to the delivered branch are run."""

    EVERY = "every"
    NEWEST = "newest"


@dataclass(frozen=True, kw_only=True, slots=True)
class Watching(Fact):
    """What is looked for besides the delivered branch.

    :param branches: patterns of branches whose commits are tested, and never deployed.
    :param tags: patterns of tags that are run when they are made.
    :param commits: which commits of one push to the delivered branch are run.
    :param pull_requests: the host that is asked for pull requests, which are tested as well; None
        where they are not.
    """

    branches: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    commits: Burst = Burst.EVERY
    pull_requests: ForgePlace | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class WatchedProject(Fact):
    """A project whose repository is watched.

    :param dag_id: of the DAG that delivers its branch: the project's name.
    :param url: its repository.
    :param branch: the delivered branch.
    :param connection: id of the Airflow connection that the repository is read with, or None.
    :param watching: what is looked for besides.
    """

    dag_id: str
    url: str
    branch: str
    connection: str | None = None
    watching: Watching = field(default_factory=Watching)

    @property
    def proposals(self) -> str:
        """The id of the DAG in which its proposals run."""
        return f"{self.dag_id}.{PROPOSALS}"
