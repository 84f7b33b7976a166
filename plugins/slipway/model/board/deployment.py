"""One deployment in one piece, as lists of them are shown and figures are made of them."""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from slipway.model.edition import is_later
from slipway.model.fact import Fact
from slipway.model.facts.outcome import DeploymentNote, Outcome, PastDeployment
from slipway.model.facts.release import Checkout, Release

# How the ids of runs begin that the shell and the board start.
SHELL_RUN, BOARD_RUN = "shell__", "board__"


class Origin(StrEnum):
    """From where a run was started, as far as the run itself tells.

    Airflow tells a task who started its run, but not whether that was a form or a call of the API:
    both are :attr:`HAND`, unless the run's id says more.
    """

    COMMIT = "commit"
    BOARD = "board"
    SHELL = "shell"
    HAND = "hand"
    CLOCK = "clock"
    UNKNOWN = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CommitLine(Fact):
    """The commit of a release, in a line; all but the sha is a stranger's text.

    :param sha: 40 hex digits; empty where the catalogue does not know the release.
    :param subject: the first line of its message.
    :param author: the author's name, as git records it.
    :param at: committer time, seconds since 1970; 0 where it is not known.
    """

    sha: str = ""
    subject: str = ""
    author: str = ""
    at: int = 0

    @classmethod
    def of(cls, checkout: Checkout) -> CommitLine:
        """Take from a checkout what a list shows."""
        return cls(
            sha=checkout.release.sha,
            subject=subject_of(checkout.message),
            author=checkout.author_name,
            at=checkout.committed_at,
        )


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentRecord(Fact):
    """One deployment, from its start to its end; times are seconds since 1970, 0 for not yet.

    :param swap: its name: of this deployment alone.
    :param release: what was brought in.
    :param environment: where it was brought.
    :param commit: of the release.
    :param outcome: how far it came.
    :param asked_by: the login of whoever started the run, or the way it came about.
    :param approved_by: the login of whoever said yes; empty where nobody was asked.
    :param why: the reason that they gave.
    :param failure: the words of the gate, alarm or rule that stopped it; empty where nothing did.
    :param ended_by: whoever brought it to its end, where that was not its own run.
    :param came_from: from where its run was started.
    :param replaced: the version that served when it began; empty for none, or where nobody noted.
    :param serves: the version that the environment had at its end.
    :param started_at: when it began.
    :param serving_at: when all traffic went to it.
    :param ended_at: when it had proved itself, or was gone.
    :param dag_id: of its run.
    :param run_id: its run.
    :param tasks: of the run that failed.
    :param installation: the Airflow whose run it was; empty in what was written before.
    :param brings: settings that it brought or took back besides the release, a line each.
    """

    swap: str
    release: Release
    environment: str
    outcome: Outcome
    commit: CommitLine = dataclasses.field(default_factory=CommitLine)
    asked_by: str = ""
    approved_by: str = ""
    why: str = ""
    failure: str = ""
    ended_by: str = ""
    came_from: Origin = Origin.UNKNOWN
    replaced: str = ""
    serves: str = ""
    started_at: float = 0.0
    serving_at: float = 0.0
    ended_at: float = 0.0
    dag_id: str = ""
    run_id: str = ""
    tasks: tuple[str, ...] = ()
    installation: str = ""
    brings: tuple[str, ...] = ()

    @classmethod
    def of(cls, swap: str, past: PastDeployment, commit: CommitLine) -> DeploymentRecord:
        """Put the notes of one deployment into one record.

        :param swap: its name.
        :param past: the notes.
        :param commit: of its release.
        """
        first, last = past.notes[0], past.notes[-1]
        failed = {one.outcome: one.why for one in past.notes if one.why}
        started = first.outcome is Outcome.STARTED
        ended = last.outcome is not Outcome.STARTED
        return cls(
            swap=swap,
            release=first.release,
            environment=first.environment,
            outcome=last.outcome,
            commit=commit,
            asked_by=first.by,
            approved_by=first.approved_by,
            why=first.why if started else "",
            failure=failed.get(Outcome.FAILED) or failed.get(Outcome.ROLLED_BACK, ""),
            ended_by=last.by if ended and last.by != first.by else "",
            came_from=_origin(first),
            replaced=first.replaced,
            serves=last.serves,
            started_at=first.at,
            serving_at=max(one.serving_at for one in past.notes),
            ended_at=last.at if ended else 0.0,
            dag_id=first.dag_id,
            run_id=first.run_id,
            tasks=last.tasks,
            installation=first.installation,
            brings=past.brings,
        )

    @property
    def is_under_way(self) -> bool:
        """It has begun, and not ended."""
        return self.outcome is Outcome.STARTED

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None while there is none."""
        return max(0.0, self.ended_at - self.started_at) if self.ended_at else None

    @property
    def lead_seconds(self) -> float | None:
        """From the commit until it served; None where it did not, or there is no commit's time."""
        later = is_later(self.release.version)  # it brought settings, and no commit
        if self.outcome is not Outcome.SUCCEEDED or not self.commit.at or later:
            return None
        return max(0.0, self.ended_at - self.commit.at)


def subject_of(message: str) -> str:
    """Return the first line of a commit's message that says something."""
    return next((line.strip() for line in message.splitlines() if line.strip()), "")


def _origin(note: DeploymentNote) -> Origin:
    try:
        return Origin(note.came_from)
    except ValueError:
        return Origin.UNKNOWN  # of a newer Slipway
