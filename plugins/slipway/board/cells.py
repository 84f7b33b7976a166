"""What one environment shows: its snapshot, with what Airflow says of this very moment beside it.

A snapshot is written by tasks; which of them is at work, and what waits for a person, Airflow knows
to the second.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from slipway.board.words import step_name
from slipway.hooks.airflow_progress import Live, OpenQuestion, RunUnderWay
from slipway.model.board.snapshot import EnvironmentSnapshot, EnvironmentState, ProjectSnapshot
from slipway.model.board.waiting import WaitingRun
from slipway.policies.planned_time import BadTime, read
from slipway.policies.waiting import waiting
from slipway.tasks.board.waits import waiting_run

_COMMIT = "commit__"
# Digits of a sha that people read.
_SHORT = 7
# Steps of a deployment that come before the time that it is set for; as one begins there is none.
_BEFORE_ITS_TIME = frozenset({"", "check freeze", "choose release", "plan", "wait for time"})
_APPROVALS = re.compile(r"approve(?: \d+)?")
# The DAG that holds, resumes and rejects, in the name of whoever starts it.
CONTROLS = "controls"


class Mood(StrEnum):
    """What an environment wants of whoever looks, the most urgent first."""

    ILL = "ill"
    ASKS = "asks"
    DEPLOYING = "deploying"
    FAILED = "failed"
    HELD = "held"
    SERVING = "serving"
    EMPTY = "empty"


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """Something that is under way.

    :param what: the version, or the commit's first digits; empty where neither is known yet.
    :param step: the task that is at work, for people.
    :param task_id: its id; empty where none has begun.
    :param waits: for a person, for its turn, for a slot.
    :param since: when this step began, or to wait; seconds since 1970.
    :param by: whoever started the run; empty for the watcher.
    :param dag_id: of the run; empty where there is none to be looked at.
    :param run_id: likewise.
    :param until: when what is set for a time, and has not begun, begins; 0 for all else.
    """

    what: str
    step: str
    task_id: str
    waits: bool
    since: float
    by: str
    dag_id: str
    run_id: str
    until: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Cell:
    """One environment.

    :param snapshot: as it was seen last.
    :param steps: what is under way, the furthest first.
    :param questions: what waits for a person's yes.
    :param waiting: runs that do not move.
    """

    snapshot: EnvironmentSnapshot
    steps: tuple[Step, ...] = ()
    questions: tuple[OpenQuestion, ...] = ()
    waiting: tuple[WaitingRun, ...] = ()

    @property
    def mood(self) -> Mood:
        """The one word on it."""
        state, seen = self.snapshot.state, self.snapshot
        if state is EnvironmentState.ILL:
            return Mood.ILL
        if self.questions:
            return Mood.ASKS
        # What waits for its time may do so for days.
        if state is EnvironmentState.DEPLOYING or any(not one.until for one in self.steps):
            return Mood.DEPLOYING
        if seen.ill is not None:
            return Mood.FAILED
        if seen.hold is not None:
            return Mood.HELD
        return Mood.EMPTY if state is EnvironmentState.EMPTY else Mood.SERVING

    @property
    def key(self) -> str:
        """Its own among all cells of a page."""
        return f"{self.snapshot.project}/{self.snapshot.environment}"


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One project, with those of its environments that somebody may see."""

    project: str
    cells: tuple[Cell, ...]
    problem: str = ""

    def of(self, environment: str) -> Cell | None:
        """Return the cell of an environment."""
        return next((one for one in self.cells if one.snapshot.environment == environment), None)

    @property
    def mood(self) -> Mood:
        """The most urgent of its cells'."""
        order = list(Mood)
        return min((one.mood for one in self.cells), key=order.index, default=Mood.EMPTY)


def dag_of(snapshot: EnvironmentSnapshot) -> str:
    """Return the DAG that puts releases on an environment by hand."""
    return f"{snapshot.project}.{snapshot.environment}"


def dags_of(snapshot: EnvironmentSnapshot) -> list[str]:
    """Return the DAGs that may be at work on an environment."""
    return [dag_of(snapshot), *([snapshot.project] if snapshot.continuous else [])]


def cell(snapshot: EnvironmentSnapshot, live: Live) -> Cell:
    """Put together what one environment shows.

    :param snapshot: as it was seen last.
    :param live: what Airflow says of its DAGs.
    """
    runs = [run for dag_id in dags_of(snapshot) for run in live.runs.get(dag_id, ())]
    asked = [
        one
        for dag_id in dags_of(snapshot)
        for one in live.questions.get(dag_id, ())
        if _asks(one.task_id)
    ]
    return Cell(
        snapshot=snapshot,
        steps=tuple(_step(snapshot, run) for run in _furthest_first(snapshot, runs)),
        questions=tuple(asked),
        waiting=tuple(one for run in runs if (one := waiting_run(run)) is not None),
    )


def columns(projects: Iterable[ProjectSnapshot]) -> list[str]:
    """Return the names of environments, in the order in which most projects have them.

    :param projects: that are shown.
    """
    places: dict[str, list[int]] = {}
    for project in projects:
        for one in project.environments:
            places.setdefault(one.environment, []).append(one.place)
    return sorted(places, key=lambda name: (sum(places[name]) / len(places[name]), name))


def _furthest_first(
    snapshot: EnvironmentSnapshot, runs: Sequence[RunUnderWay]
) -> list[RunUnderWay]:
    swapping = snapshot.under_way.run_id if snapshot.under_way else ""
    return sorted(runs, key=lambda run: (run.run_id != swapping, run.state == "queued", run.since))


def _step(snapshot: EnvironmentSnapshot, run: RunUnderWay) -> Step:
    waits = run.state == "queued" or run.step_state in ("awaiting_input", "queued", "scheduled", "")
    held_up = waiting(run.facts) if run.facts is not None else None
    return Step(
        what=_what(snapshot, run),
        step=f"waits {held_up.words}" if held_up else _words(run),
        task_id=run.step,
        waits=waits or held_up is not None,
        since=(held_up.since if held_up else 0.0) or run.step_since or run.since,
        by=run.by,
        dag_id=run.dag_id,
        run_id=run.run_id,
        until=_until(run),
    )


def _until(run: RunUnderWay) -> float:
    """Return when a run begins that is set for a time, as long as that is to come for it."""
    if not run.at or not (step_name(run.step) in _BEFORE_ITS_TIME or _asks(run.step)):
        return 0.0
    try:
        return read(run.at).seconds
    except BadTime:
        return 0.0  # its first task says so


def _what(snapshot: EnvironmentSnapshot, run: RunUnderWay) -> str:
    for known in (snapshot.under_way, snapshot.approval):
        if known is not None and known.run_id == run.run_id:
            return known.version
    if run.run_id.startswith(_COMMIT):
        return run.run_id.removeprefix(_COMMIT)[:_SHORT]
    return run.version


def _asks(task_id: str) -> bool:
    """Tell whether a task asks for a yes to a deployment; several may, one after the other."""
    return _APPROVALS.fullmatch(step_name(task_id)) is not None


def _words(run: RunUnderWay) -> str:
    if run.state == "queued":
        return "waits for its turn"
    if run.step_state == "awaiting_input":
        return "waits for a yes" if _asks(run.step) else "waits for an answer"
    if run.step_state == "up_for_retry":
        return f"{step_name(run.step)} is tried again"
    return step_name(run.step) or "begins"
