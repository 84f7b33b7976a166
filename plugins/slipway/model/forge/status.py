"""What a commit's page at its host says of it: one status for each stage that a person follows."""

from __future__ import annotations

import dataclasses
import hashlib
from enum import StrEnum

from slipway.model.facts import Fact
from slipway.model.forge.place import ForgePlace

# Characters of a status's key: Bitbucket takes no more.
LONGEST_KEY = 40
_PREFIX = "slipway/"
_DIGITS = 6


class StatusState(StrEnum):
    """How far a stage is; each host has words of its own for it."""

    IN_PROGRESS = "INPROGRESS"
    SUCCESSFUL = "SUCCESSFUL"
    FAILED = "FAILED"
    STOPPED = "STOPPED"

    @property
    def is_over(self) -> bool:
        """Whether nothing more is to be expected."""
        return self is not StatusState.IN_PROGRESS


def status_key(stage: str) -> str:
    """Return what a stage is called on a commit: ``slipway/test``; the same name each time.

    :param stage: ``test``, or the name of an environment; behind a project's, where it needs one.
    """
    key = f"{_PREFIX}{stage}"
    if len(key) <= LONGEST_KEY:
        return key
    # Two long names may begin alike.
    digest = hashlib.sha256(stage.encode()).hexdigest()[:_DIGITS]
    return f"{key[: LONGEST_KEY - _DIGITS - 1]}-{digest}"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Annotation(Fact):
    """A test that failed, at its place in the sources.

    :param path: from the repository's top.
    :param line: counting from 1; 0 where only the file is known.
    :param title: the test's name, one line.
    :param text: what it said.
    """

    path: str
    line: int
    title: str
    text: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TestSummary(Fact):
    """What the tests of a commit came to, for the host's own page of it.

    :param tests: how many ran.
    :param failed: how many failed or broke.
    :param skipped: how many were left out.
    :param seconds: that all of them took.
    :param annotations: those that failed, where their place is known.
    """

    __test__ = False

    tests: int
    failed: int
    skipped: int
    seconds: float
    annotations: tuple[Annotation, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CommitStatus(Fact):
    """One status of one commit.

    :param project: the project's name.
    :param sha: the full commit id, 40 hex digits.
    :param stage: ``test``, or the name of an environment.
    :param state: how far the stage is.
    :param text: for people, one line; each host cuts it to what it shows.
    :param url: of the page that says more, the task's log; empty where Airflow does not know its
        own address.
    :param branch: that the commit was built for; empty for a tag, or where nobody knows.
    :param shared: another project shows statuses on the same commits, so this one's say its name.
    """

    project: str
    sha: str
    stage: str
    state: StatusState
    text: str
    url: str = ""
    branch: str = ""
    shared: bool = False

    @property
    def label(self) -> str:
        """The stage's name among all that is shown on the commit."""
        return f"{self.project}/{self.stage}" if self.shared else self.stage

    @property
    def key(self) -> str:
        """What it is called at the host."""
        return status_key(self.label)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class StatusNote(Fact):
    """A status that is to be sent, and what it stands for in Airflow.

    :param place: the repository at its host.
    :param status: as it will be sent.
    :param at: when it came to be, nanoseconds since 1970.
    :param dag_id: of the run that it speaks of.
    :param run_id: of the same.
    :param tasks: the stage's, by their ids.
    :param last: the one of them whose success is the stage's.
    :param tests: of a pipeline that has run.
    """

    place: ForgePlace
    status: CommitStatus
    at: int
    dag_id: str
    run_id: str
    tasks: tuple[str, ...] = ()
    last: str = ""
    tests: TestSummary | None = None

    @property
    def subject(self) -> str:
        """What it is about: of two notes of one subject the newer one counts."""
        told = (self.place.server, self.place.path, self.status.sha, self.status.label)
        return hashlib.sha256("\0".join(told).encode()).hexdigest()[:32]
