"""What people do on the pages: put a release somewhere, go back, and say yes or no.

Each is done as Airflow's own pages would do it: a run of the environment's DAG, an answer to what a
run asks, in the name of whoever is logged in. Nothing here decides whether a release may serve; the
run's tasks do, whoever started it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Protocol

from slipway.board.body import reason
from slipway.board.cells import CONTROLS, Cell, Step, dag_of
from slipway.board.forms import Filled
from slipway.board.reading import ReadModel
from slipway.exceptions import OrderRefused
from slipway.hooks.airflow_people import Person
from slipway.hooks.airflow_progress import OpenQuestion
from slipway.hooks.store.approvals import APPROVE, Proposal
from slipway.model.edition import SAME
from slipway.policies.planned_time import BadTime, read, require_ahead

REJECT = "Reject"
# A parameter of environments with freeze windows (include/delivery/freeze_gate).
OVERRIDE_FREEZE = "override_freeze"
# That of environments which take a time (include/delivery/approval_group).
AT = "at"
# Characters of a reason that a run's parameters take (include/delivery/controls, freeze_gate).
_LONGEST_WHY = 500


class Action(StrEnum):
    """What a form is for; the last part of its path."""

    DEPLOY = "deploy"
    ROLL_BACK = "roll-back"
    APPROVE = "approve"
    HOLD = "hold"
    RESUME = "resume"
    REJECT = "reject"
    CANCEL = "cancel"


# What starts a run of the environment's own DAG, and of the one that controls all of them.
STARTS = (Action.DEPLOY, Action.ROLL_BACK)
CONTROL = (Action.HOLD, Action.RESUME, Action.REJECT, Action.CANCEL)
# What nobody has to give a reason for.
_UNREASONED = (Action.RESUME, Action.CANCEL)


class Ordering(Protocol):
    """Who carries orders out."""

    def params(self, dag_id: str) -> set[str]:
        """Return what runs of a DAG may be given."""

    def start(self, person: Person, dag_id: str, run_id: str, conf: Mapping[str, Any]) -> bool:
        """Start a run."""

    def answer(
        self, person: Person, dag_id: str, run_id: str, task_id: str, *, choice: str, reason: str
    ) -> None:
        """Answer what a run asks."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A question, with the plan that it is about.

    :param question: as Airflow has it.
    :param proposal: as it is on record.
    """

    question: OpenQuestion
    proposal: Proposal


def start(
    ordering: Ordering,
    model: ReadModel,
    person: Person,
    cell: Cell,
    filled: Filled,
    fields: Mapping[str, str],
) -> str:
    """Start a run that puts a release on an environment.

    :param ordering: carries it out.
    :param model: knows which releases there are.
    :param person: who wants it.
    :param cell: the environment.
    :param filled: the form that they sent.
    :param fields: what it says.
    :returns: the run's id.
    :raises OrderRefused: when there is no such release, the time is none to come, or Airflow does
        not start it.
    """
    dag_id = dag_of(cell.snapshot)
    same = fields.get("version") == SAME
    version = SAME if same else _known(model, cell.snapshot.project, fields)
    conf: dict[str, Any] = {"version": version}
    why = reason(fields, most=_LONGEST_WHY)
    if why and OVERRIDE_FREEZE in ordering.params(dag_id):
        conf[OVERRIDE_FREEZE] = why
    if when := fields.get(AT, "").strip():
        conf[AT] = _time(when)
    ordering.start(person, dag_id, filled.run_id, conf)
    return filled.run_id


def _time(text: str) -> str:
    """Return a time to come as a run is told it."""
    try:
        planned = read(text)
        require_ahead(planned, datetime.now(UTC))
    except BadTime as error:
        raise OrderRefused(error.message, advice=error.advice) from error
    return str(planned)


def control(
    ordering: Ordering,
    model: ReadModel,
    person: Person,
    cell: Cell,
    filled: Filled,
    fields: Mapping[str, str],
    action: Action,
) -> str:
    """Start a run that holds or resumes an environment, rejects a release, or cancels a deployment.

    :param ordering: carries it out.
    :param model: knows which releases there are.
    :param person: who wants it.
    :param cell: the environment.
    :param filled: the form that they sent.
    :param fields: what it says.
    :param action: one of :data:`CONTROL`.
    :returns: the run's id.
    :raises OrderRefused: when nobody says why, there is no such release, nothing waits for its time
        under that name, or Airflow does not start it.
    """
    seen, why = cell.snapshot, reason(fields, most=_LONGEST_WHY)
    if not why and action not in _UNREASONED:
        msg = "nobody would know why"
        raise OrderRefused(msg, advice="say it in a few words; everybody sees them")
    conf = {"action": action.value, "project": seen.project, "why": why}
    if action is Action.REJECT:
        conf |= {"version": _known(model, seen.project, fields)}
    else:
        conf |= {"environment": seen.environment}
    if action is Action.CANCEL:
        conf |= {"run": set_for_later(cell, fields.get("run", "")).run_id}
    ordering.start(person, CONTROLS, filled.run_id, conf)
    return filled.run_id


def set_for_later(cell: Cell, run_id: str) -> Step:
    """Return what is set for a time, and has not begun.

    :param cell: the environment.
    :param run_id: of the run.
    :raises OrderRefused: when there is no such run.
    """
    own = dag_of(cell.snapshot)
    for step in cell.steps:
        if step.until and (step.dag_id, step.run_id) == (own, run_id):
            return step
    msg = "this run does not wait for its time: it has begun, has ended, or was cancelled"
    raise OrderRefused(msg, advice="the environment's page shows what became of it")


def _known(model: ReadModel, project: str, fields: Mapping[str, str]) -> str:
    version = fields.get("version", "")
    if model.release(project, version) is None:
        msg = f"{project} has no release of exactly this version"
        raise OrderRefused(msg, advice="choose one from the environment's page")
    return version


def asked(model: ReadModel, cell: Cell, run_id: str) -> Asked:
    """Return what a run asks.

    :param model: has the plan.
    :param cell: the environment.
    :param run_id: of the run.
    :raises OrderRefused: when it asks nothing, or about another environment.
    """
    seen = cell.snapshot
    for question in cell.questions:
        if question.run_id != run_id:
            continue
        proposal = model.proposal(seen.project, seen.environment, question.dag_id, run_id)
        if proposal is not None and proposal.environment == seen.environment:
            return Asked(question=question, proposal=proposal)
    msg = "this run does not ask anybody now: somebody has answered, or it has ended"
    raise OrderRefused(msg, advice="the environment's page shows what became of it")


def answer(ordering: Ordering, person: Person, found: Asked, fields: Mapping[str, str]) -> str:
    """Answer what a run asks.

    :param ordering: carries it out.
    :param person: who answers.
    :param found: the question, and the plan that is on record now.
    :param fields: what the form says.
    :returns: what they answered.
    :raises OrderRefused: when the plan is another one than was shown, or somebody was quicker.
    """
    if fields.get("plan") != found.proposal.digest:
        msg = "the plan was made anew since this page was opened"
        raise OrderRefused(msg, advice="read the new one, and answer that")
    choice = fields.get("answer", "")
    if choice not in (APPROVE, REJECT):
        msg = "the form says neither yes nor no"
        raise OrderRefused(msg, advice="open it again from the board")
    one = found.question
    ordering.answer(
        person, one.dag_id, one.run_id, one.task_id, choice=choice, reason=reason(fields)
    )
    return choice
