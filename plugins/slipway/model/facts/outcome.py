"""What became of a deployment: a note for each thing that happened to it, read together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from enum import StrEnum

from slipway.model.fact import Fact
from slipway.model.facts.release import Release


class Outcome(StrEnum):
    """What happened to a deployment, in the order in which it can."""

    STARTED = "started"
    FAILED = "failed"
    ROLLED_BACK = "rolled_back"
    SUCCEEDED = "succeeded"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DeploymentNote(Fact):
    """That something happened to a deployment.

    :param release: that is brought in.
    :param environment: its name.
    :param outcome: what happened.
    :param at: seconds since 1970, by the clock of the worker that noted it.
    :param dag_id: of the run that did it.
    :param run_id: the run.
    :param by: the login of whoever started that run, or the way it came about.
    :param approved_by: the login of whoever said yes; empty where nobody was asked.
    :param why: the words of the gate, alarm or rule that stopped it; of a start, the reason to
        deploy within a freeze, or that of the yes.
    :param committed_at: the commit's committer time, seconds since 1970; 0 where it is not known.
    :param serves: of an end: the version that the environment has now.
    :param tasks: of a failure: the run's tasks that failed, without the name of their group.
    :param came_from: of a start: from where the run was started, a word of
        :class:`slipway.model.board.deployment.Origin`.
    :param replaced: of a start: the version that served then.
    :param serving_at: of a success: when all traffic went to the release; 0 where nobody noted it.
    :param installation: the Airflow that noted it, by its name; empty in what was written before.
    :param urgent: of a start: the reason for which it went ahead of others; empty for none.
    :param brings: of a start: settings that it brings or takes back besides the release.
    """

    release: Release
    environment: str
    outcome: Outcome
    at: float
    dag_id: str
    run_id: str
    by: str = ""
    approved_by: str = ""
    why: str = ""
    committed_at: int = 0
    serves: str = ""
    tasks: tuple[str, ...] = ()
    came_from: str = ""
    replaced: str = ""
    serving_at: float = 0.0
    installation: str = ""
    urgent: str = ""
    brings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class PastDeployment:
    """One deployment, by all that was noted of it.

    :param notes: at least one, in the order of :class:`Outcome`.
    """

    notes: tuple[DeploymentNote, ...]

    @classmethod
    def of(cls, notes: Iterable[DeploymentNote]) -> PastDeployment:
        """Put the notes of one deployment in order."""
        order = list(Outcome)
        return cls(notes=tuple(sorted(notes, key=lambda one: (order.index(one.outcome), one.at))))

    @property
    def release(self) -> Release:
        """What was brought in."""
        return self.notes[0].release

    @property
    def outcome(self) -> Outcome:
        """How it ended; a release that failed at first may have succeeded in the end."""
        return self.notes[-1].outcome

    @property
    def serves(self) -> str:
        """The version that the environment had at its end; empty where it has not ended."""
        return self.notes[-1].serves

    @property
    def by(self) -> str:
        """Whoever started it, and whoever said yes."""
        first = self.notes[0]
        return f"{first.by}, approved by {first.approved_by}" if first.approved_by else first.by

    @property
    def why(self) -> str:
        """Why it failed; else why it could not wait."""
        said = {one.outcome: one.why for one in reversed(self.notes) if one.why}
        if self.outcome is Outcome.SUCCEEDED:
            return said.get(Outcome.STARTED, "")
        return said.get(Outcome.FAILED) or next(iter(said.values()), "")

    @property
    def urgent(self) -> str:
        """The reason for which it went ahead of others; empty for none."""
        return next((one.urgent for one in self.notes if one.urgent), "")

    @property
    def brings(self) -> tuple[str, ...]:
        """Settings that it brought or took back besides the release, a line each."""
        return next((one.brings for one in self.notes if one.brings), ())

    @property
    def started_at(self) -> float:
        """Seconds since 1970."""
        return self.notes[0].at

    @property
    def seconds(self) -> float | None:
        """From its start to its end; None where only one of them was noted."""
        return max(0.0, self.notes[-1].at - self.started_at) if len(self.notes) > 1 else None

    @property
    def lead_seconds(self) -> float | None:
        """From the commit until it served; None where it did not, or there is no commit's time."""
        committed_at = max(one.committed_at for one in self.notes)
        if self.outcome is not Outcome.SUCCEEDED or not committed_at:
            return None
        return max(0.0, self.notes[-1].at - committed_at)
