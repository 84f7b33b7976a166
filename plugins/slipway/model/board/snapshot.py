"""What an environment runs, who put it there, whether it is well, and what waits for it.

A snapshot is written by those who change or watch an environment, and never by those who look. All
of it can be made again from the deployments on record and from the fleet, so it decides nothing.
Times are seconds since 1970. Names, reasons, subjects and versions may be a stranger's text.
"""

from __future__ import annotations

import dataclasses
from enum import StrEnum

from slipway.model.board.by_hand import ByHand
from slipway.model.board.deployment import CommitLine, Origin
from slipway.model.fact import Fact, Json


class EnvironmentState(StrEnum):
    """The one word on an environment, the most urgent first."""

    DEPLOYING = "deploying"
    ILL = "ill"
    SERVING = "serving"
    EMPTY = "empty"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Serving(Fact):
    """The release that serves.

    :param version: the release's version.
    :param commit: that it was made of.
    :param since: when it came to serve; 0 where nobody noted it.
    :param asked_by: the login of whoever deployed it, or the way it came about.
    :param approved_by: the login of whoever said yes; empty where nobody was asked.
    :param why: the reason that they gave.
    :param came_from: from where its run was started.
    :param replaced: the version before it.
    :param dag_id: of the run that brought it; empty where nobody noted it.
    :param run_id: that run.
    :param brings: settings that it brought or took back besides the release, a line each.
    """

    version: str
    commit: CommitLine = dataclasses.field(default_factory=CommitLine)
    since: float = 0.0
    asked_by: str = ""
    approved_by: str = ""
    why: str = ""
    came_from: Origin = Origin.UNKNOWN
    replaced: str = ""
    dag_id: str = ""
    run_id: str = ""
    brings: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Machines(Fact):
    """The machines of the release that serves, by their weights.

    :param healthy: that the balancer sends requests to.
    :param wanted: by its server group.
    """

    healthy: int = 0
    wanted: int = 0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Standby(Fact):
    """A release that is kept warm, and serves again within seconds.

    :param version: the release's version.
    :param until: when it is let go.
    """

    version: str
    until: int


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UnderWay(Fact):
    """A deployment that has begun and not ended.

    :param version: the release's version.
    :param commit: that it was made of.
    :param step: the task that is at work, as the run names it, without its group; empty where
        nobody can say.
    :param since: when the deployment began.
    :param step_since: when the step did; 0 where nobody noted it.
    :param machines: of the release that comes, so far.
    :param serving_at: when all traffic went to it; 0 for not yet.
    :param swap: the deployment's name; empty where nobody noted it.
    :param asked_by: the login of whoever started the run, or the way it came about.
    :param approved_by: the login of whoever said yes; empty where nobody was asked.
    :param came_from: from where its run was started.
    :param dag_id: of its run.
    :param run_id: its run.
    """

    version: str
    commit: CommitLine = dataclasses.field(default_factory=CommitLine)
    step: str = ""
    since: float = 0.0
    step_since: float = 0.0
    machines: Machines = dataclasses.field(default_factory=Machines)
    serving_at: float = 0.0
    swap: str = ""
    asked_by: str = ""
    approved_by: str = ""
    came_from: Origin = Origin.UNKNOWN
    dag_id: str = ""
    run_id: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Hold(Fact):
    """Commits do not deploy here by themselves, until somebody resumes or it ends by itself.

    :param by: the login of whoever held it, or the way it came about.
    :param why: in that person's words.
    :param since: when it was held.
    :param until: when it ends by itself; 0 for never.
    """

    by: str = ""
    why: str = ""
    since: float = 0.0
    until: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Freeze(Fact):
    """A freeze window that is open, or opens next.

    :param why: as the project file names it.
    :param begins: when it begins.
    :param until: when it ends.
    """

    why: str = ""
    begins: float = 0.0
    until: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ApprovalWanted(Fact):
    """A plan that somebody is asked about.

    :param version: the release's version.
    :param dag_id: of the run that asks.
    :param run_id: the run that asks.
    :param asked_by: the login of whoever started the run.
    :param since: when it was asked.
    :param plan: the plan's digest.
    :param commit: that it was made of.
    """

    version: str
    dag_id: str
    run_id: str
    asked_by: str = ""
    since: float = 0.0
    plan: str = ""
    commit: CommitLine = dataclasses.field(default_factory=CommitLine)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class IllRelease(Fact):
    """The last release that failed here, and what its ill machines said.

    :param version: the release's version.
    :param at: when it failed.
    :param why: the words of the gate, alarm or rule that stopped it.
    :param machines: the ids of its ill machines.
    :param reason: the first line of a machine's own that says why; empty where none did.
    :param run_id: the run that brought it.
    """

    version: str
    at: float
    why: str = ""
    machines: tuple[str, ...] = ()
    reason: str = ""
    run_id: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class EnvironmentSnapshot(Fact):
    """One environment, as it was seen last.

    :param project: the project's name.
    :param environment: the environment's name.
    :param place: its rank among the project's environments, from 0 on, as the project file lists
        them.
    :param continuous: each commit of the delivered branch lands here by itself.
    :param asks: a person has to approve each deployment.
    :param serving: None where nothing has come to serve.
    :param machines: of the release that serves.
    :param standbys: kept warm, the last one first.
    :param newer: how many releases came after the one that serves; None where nobody can say.
    :param under_way: None while nothing is.
    :param hold: None where nothing is held.
    :param freeze: None outside of a window.
    :param approval: None where nobody is asked.
    :param ill: None where the release that serves came after the last failure.
    :param by_hand: what somebody changed in the group that serves, as housekeeping saw it; None for
        nothing.
    :param seen_at: when the fleet was looked at last.
    :param written_by: the Airflow that saw it, by its name.
    """

    project: str
    environment: str
    place: int = 0
    continuous: bool = False
    asks: bool = False
    serving: Serving | None = None
    machines: Machines = dataclasses.field(default_factory=Machines)
    standbys: tuple[Standby, ...] = ()
    newer: int | None = None
    under_way: UnderWay | None = None
    hold: Hold | None = None
    freeze: Freeze | None = None
    approval: ApprovalWanted | None = None
    ill: IllRelease | None = None
    by_hand: ByHand | None = None
    seen_at: float = 0.0
    written_by: str = ""

    @property
    def state(self) -> EnvironmentState:
        """The one word on it."""
        if self.under_way is not None:
            return EnvironmentState.DEPLOYING
        if self.serving is None:
            return EnvironmentState.EMPTY
        ill = self.machines.healthy < self.machines.wanted
        return EnvironmentState.ILL if ill else EnvironmentState.SERVING

    @property
    def standby_until(self) -> int:
        """Until when the way back takes seconds; 0 where nothing is warm."""
        return max((one.until for one in self.standbys), default=0)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProjectSnapshot(Fact):
    """A project's environments, in the order of its project file.

    :param project: the project's name.
    :param environments: each as it was seen last.
    :param problem: why its snapshot could not be read; empty where it was.
    """

    project: str
    environments: tuple[EnvironmentSnapshot, ...] = ()
    problem: str = ""

    def of(self, environment: str) -> EnvironmentSnapshot | None:
        """Return one of them."""
        found = (one for one in self.environments if one.environment == environment)
        return next(found, None)

    def for_programs(self) -> Json:
        """Return it with the state that each environment is shown in."""
        places = [one.to_json() | {"state": one.state.value} for one in self.environments]
        return self.to_json() | {"environments": places}
