"""A run, followed to its end: what each task comes to, and why something failed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from include.cli.server.client import AirflowServer
from include.cli.server.logs import LogFollower, last_messages, lines_of, reason_of
from include.cli.server.runs import (
    ASKS,
    FAILED,
    SUCCESS,
    TASK_ENDED,
    Run,
    Task,
    run_of,
    tasks_of,
    under_way,
)
from slipway.model.edition import NOTHING
from slipway.model.text.inert import visible

# Seconds between two looks, at first and later, and after how many looks.
_SOON, _LATER, _FIRST_LOOKS = 1.0, 3.0, 30
# Seconds for which a server that is away is waited for: Airflow is upgraded in less.
PATIENCE = 600.0
# The task that waits for the time that a run is set for; and, as its state, that it does.
_TIME = "wait_for_time"
# The task that waits for a package; and, as its state, that this has no slot yet.
_EARLY, _TURN = "bake_early", "no package"
# The task that finds out which release is meant.
_CHOICE = "choose_release"
# Characters of a line.
_LONGEST = 300
# States that are told of while a task is on its way, and how.
_TOLD = {
    "running": "begins",
    "up_for_retry": "failed, and is tried again",
    "up_for_reschedule": "waits: Slipway is being maintained",
    ASKS: "waits for a person",
    _TIME: "waits for the time that the run is set for",
    _TURN: "waits for the package to have its turn",
    **{state: state for state in TASK_ENDED if state not in ("removed", "upstream_failed")},
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Failure:
    """One task that failed.

    :param task: its id.
    :param reason: as its log has it; empty where it has none.
    :param tail: the last lines of its log.
    """

    task: str
    reason: str
    tail: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """What became of a run.

    :param run: as it is at its end.
    :param tasks: all of them.
    :param failures: of those that failed.
    :param nothing: why there was nothing to do; empty where there was.
    """

    run: Run
    tasks: tuple[Task, ...]
    failures: tuple[Failure, ...] = ()
    nothing: str = ""

    @property
    def code(self) -> int:
        """Return what a program ends with."""
        return 0 if self.run.state == SUCCESS else 1

    def to_json(self) -> dict[str, Any]:
        """Return it for programs."""
        return asdict(self)


def follow(
    server: AirflowServer,
    run: Run,
    say: Callable[[str], None],
    *,
    log_of: str | None = None,
    leaves: bool = False,
    sleep: Callable[[float], None] = time.sleep,
) -> Ended:
    """Follow a run to its end.

    :param server: is asked; one that is away for some minutes is waited for.
    :param run: may have ended already.
    :param say: receives a line for each thing that happens.
    :param log_of: a task, or a group, whose log is said as well; empty for all, None for none.
    :param leaves: end as well where the run waits, for a person or for its time.
    :param sleep: waits for seconds.
    :raises SlipwayError: when the server does not answer any more.
    """
    server.patience, server.say = PATIENCE, say
    progress = Progress(server, run)
    logs = None if log_of is None else LogFollower(server=server, run=run, name=log_of, say=say)
    looks = 0
    while True:
        # In this order: what the last look at the tasks misses, none that has ended changes.
        now = run_of(server, run)
        tasks = tasks_of(server, run)
        if logs is None:
            for line in progress.news(tasks):
                say(line)
        else:
            logs.look(tasks)
        if now.has_ended:
            return _ended(server, now, tasks)
        if leaves and any(one.state == ASKS or _waits_for_time(one) for one in tasks):
            return Ended(run=now, tasks=tuple(tasks))
        looks += 1
        sleep(_SOON if looks < _FIRST_LOOKS else _LATER)


def told(ended: Ended) -> Iterator[str]:
    """Yield what became of a run, for people.

    :param ended: the run.
    """
    for one in ended.failures:
        yield f"{one.task} failed" + (":" if one.reason else "; its log says no reason")
        yield from (f"  {line}" for line in one.reason.splitlines())
        if one.tail:
            yield "  the last lines of its log:"
            yield from (f"  | {line}" for line in one.tail)
    if ended.nothing:
        yield ended.nothing
    seconds = ended.run.seconds
    took = f" after {length(seconds)}" if seconds is not None else ""
    yield f"{ended.run.dag_id}: {ended.run.state}{took}"


def length(seconds: float) -> str:
    """Say how long something took."""
    if seconds < 10:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{hours} h" if hours else "", f"{minutes} min" if minutes else "", f"{rest} s"]
    return " ".join(one for one in parts if one)


class Progress:
    """Knows which of a run's tasks were told of.

    :param server: knows the run's page.
    :param run: that is followed.
    """

    def __init__(self, server: AirflowServer, run: Run) -> None:
        self._server, self._run = server, run
        self._told: dict[str, tuple[str, int]] = {}

    def begin(self) -> Iterator[str]:
        """Say which run it is, where it can be seen, and what it has to wait for."""
        run = self._run
        yield f"{run.dag_id}: started {run.run_id}"
        yield f"  {self._server.page('dags', run.dag_id, 'runs', run.run_id)}"
        before = [one.run_id for one in under_way(self._server, run.dag_id)]
        before = [one for one in before if one != run.run_id]
        if before:
            yield f"  it waits for {', '.join(before)}, which is running"

    def news(self, tasks: list[Task]) -> Iterator[str]:
        """Say what is new.

        :param tasks: of the run, as they are now.
        """
        for task in tasks:
            now = (_state(task), task.attempt)
            if now[0] not in _TOLD or self._told.get(task.name) == now:
                continue
            self._told[task.name] = now
            yield self._line(task)

    def _line(self, task: Task) -> str:
        ended = task.state in (SUCCESS, FAILED) and task.seconds is not None
        at = _clock(task.started, (task.seconds or 0) if ended else 0) or " " * 8
        took = f", {length(task.seconds or 0)}" if ended else ""
        line = f"  {at}  {task.name}: {_TOLD[_state(task)]}{took}"
        if task.state == ASKS:
            line += f"; answer with {self._answer()}"
        return line

    def _answer(self) -> str:
        project, _, environment = self._run.dag_id.partition(".")
        return f"`{f'fab approve {project} {environment}'.rstrip()}`"


def _state(task: Task) -> str:
    """Return a task's state, in more words than Airflow has."""
    if task.name == _EARLY and task.state == "up_for_reschedule":
        return _TURN
    return _TIME if _waits_for_time(task) else task.state


def _waits_for_time(task: Task) -> bool:
    return task.task_id == _TIME and task.state == "deferred"


def _ended(server: AirflowServer, run: Run, tasks: list[Task]) -> Ended:
    failed = [one for one in tasks if one.state == FAILED] if run.state == FAILED else []
    return Ended(
        run=run,
        tasks=tuple(tasks),
        failures=tuple(_failure(server, run, one) for one in failed),
        nothing=_nothing(server, run, tasks),
    )


def _nothing(server: AirflowServer, run: Run, tasks: list[Task]) -> str:
    """Return the word of a run that found its release serving as it would be launched today."""
    for task in tasks:
        if (task.task_id, task.state) == (_CHOICE, "skipped"):
            said = (str(one.get("event", "")) for one in last_messages(server, run, task))
            return next((visible(one, _LONGEST) for one in said if one.startswith(NOTHING)), "")
    return ""


def _failure(server: AirflowServer, run: Run, task: Task) -> Failure:
    messages = last_messages(server, run, task)
    reason = reason_of(messages)
    # What it says as its reason need not be read twice.
    lines = [line for message in messages for line in lines_of({"event": message.get("event", "")})]
    return Failure(task=task.name, reason=reason, tail=tuple(lines))


def _clock(started: str, seconds: float) -> str:
    """Return the time of day so many seconds after something began, here."""
    try:
        at = datetime.fromisoformat(started) + timedelta(seconds=seconds)
        return f"{at.astimezone():%H:%M:%S}"
    except ValueError:
        return ""
