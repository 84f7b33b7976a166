"""What people say of what may be deployed: held, stopped, rejected, urgent; who, why and when."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from slipway.model.fact import Fact


class Action(StrEnum):
    """What somebody did; all but the last three change what may be deployed."""

    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    REJECT = "reject"
    ACCEPT = "accept"
    CANCEL = "cancel"
    URGENT = "urgent"
    PASSED_FREEZE = "passed_freeze"
    PASSED_STOP = "passed_stop"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scope(Fact):
    """What something holds for: everything, one project, or one of its environments.

    :param project: empty for everything.
    :param environment: empty for the whole project.
    """

    project: str = ""
    environment: str = ""

    def __str__(self) -> str:
        """Name it as people do."""
        return " ".join(part for part in (self.project, self.environment) if part) or "everything"


@dataclass(frozen=True, kw_only=True, slots=True)
class Hold(Fact):
    """Commits become releases, and do not deploy here by themselves.

    :param by: the login of whoever held it.
    :param at: seconds since 1970.
    :param why: in that person's words.
    :param dag_id: of the run that did.
    :param run_id: the run.
    """

    by: str
    at: int
    why: str
    dag_id: str = ""
    run_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Stop(Fact):
    """Nothing is deployed here at all, but by those who are named.

    :param by: the login of whoever stopped it.
    :param at: seconds since 1970.
    :param why: in that person's words.
    :param may_pass: logins, and ``role:`` with the name of a role.
    """

    by: str
    at: int
    why: str
    may_pass: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Rejection(Fact):
    """A release that is deployed nowhere.

    :param version: the release.
    :param by: the login of whoever rejected it.
    :param at: seconds since 1970.
    :param why: in that person's words.
    """

    version: str
    by: str
    at: int
    why: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Urgent(Fact):
    """The last run that asked to go ahead of the others.

    :param version: what it brings in.
    :param by: the login of whoever started it.
    :param at: seconds since 1970.
    :param why: in that person's words.
    :param dag_id: of the run.
    :param run_id: the run.
    """

    version: str
    by: str
    at: int
    why: str
    dag_id: str
    run_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Cancellation(Fact):
    """That a deployment which has not begun never will.

    :param run: the run's id; empty for each that waits for its time there.
    :param by: the login of whoever cancelled it.
    :param at: seconds since 1970; what is asked for afterwards is another deployment.
    :param why: in that person's words; nobody has to say it.
    """

    run: str
    by: str
    at: int
    why: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class ScopeState(Fact):
    """What holds for one scope now.

    :param hold: None where nothing is held.
    :param stop: None where nothing is stopped.
    :param rejected: releases, of a project's scope alone.
    :param urgent: None where nobody lets a release pass a freeze.
    :param cancelled: deployments, of an environment's scope alone.
    """

    hold: Hold | None = None
    stop: Stop | None = None
    rejected: tuple[Rejection, ...] = ()
    urgent: Urgent | None = None
    cancelled: tuple[Cancellation, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class ControlEvent(Fact):
    """That somebody did something: one line of the audit.

    :param action: what was done.
    :param by: the login, as Airflow has it.
    :param at: seconds since 1970, by the clock of the worker that noted it.
    :param why: in that person's words.
    :param dag_id: of the run that did it.
    :param run_id: the run; what one run did is done once.
    :param project: that it was done to; empty for every project.
    :param environment: that it was done to; empty for the whole project.
    :param version: of the release that it is about; empty for none.
    :param may_pass: logins, and ``role:`` with the name of a role, that a stop lets pass.
    :param asked_at: seconds since 1970 at which that run was asked for: another Airflow, or one
        that was set up anew, may have a run of the same id.
    :param run: the run that was cancelled.
    """

    action: Action
    by: str
    at: int
    why: str
    dag_id: str
    run_id: str
    project: str = ""
    environment: str = ""
    version: str = ""
    may_pass: tuple[str, ...] = ()
    asked_at: float = 0.0
    run: str = ""

    @property
    def scope(self) -> Scope:
        """What it is about; a release is its whole project's."""
        release = self.action in (Action.REJECT, Action.ACCEPT)
        return Scope(project=self.project, environment="" if release else self.environment)


@dataclass(frozen=True, kw_only=True, slots=True)
class Controls:
    """Everything that holds for one environment now.

    :param hold: of the environment.
    :param stops: of everything, its project and itself, each with what it was said of.
    :param rejected: the project's rejected releases, by their versions.
    :param urgent: the last run that asked to go first.
    :param cancelled: deployments that never begin.
    """

    hold: Hold | None = None
    stops: tuple[tuple[Scope, Stop], ...] = ()
    rejected: dict[str, Rejection] = field(default_factory=dict)
    urgent: Urgent | None = None
    cancelled: tuple[Cancellation, ...] = ()
