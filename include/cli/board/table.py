"""What runs where, as a table for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO

from include.cli.board.waits import dags_of
from slipway.model.board.snapshot import EnvironmentSnapshot, ProjectSnapshot
from slipway.model.board.waiting import Reason, WaitingRun
from slipway.model.text.inert import visible
from slipway.policies.planned_time import PlannedTime, until

HEAD = ("PROJECT", "ENVIRONMENT", "STATE", "VERSION", "SINCE", "BY", "MACHINES", "COMMIT")
_SUBJECT, _LONGEST = 50, 300
# Settings of an edition that are told; its deployment has them all.
_BROUGHT = 5


def rows(
    projects: Iterable[ProjectSnapshot], now: float, waiting: Iterable[WaitingRun] = ()
) -> Iterator[tuple[str, ...]]:
    """Yield the table, a row for each environment, and what waits below it.

    :param projects: as they were seen last.
    :param now: seconds since 1970.
    :param waiting: runs that do not move.
    """
    held_up = list(waiting)
    yield HEAD
    for project in projects:
        if project.problem:
            yield (
                visible(project.project),
                f"cannot be read: {visible(project.problem, _LONGEST)}",
            )
        for one in project.environments:
            yield _row(one)
            brought = one.serving.brings[:_BROUGHT] if one.serving else ()
            yield from (("", f"  it {_came(line)}") for line in brought)
            yield from (("", f"  {line}") for line in waits(one, now))
            own = dags_of(one)
            yield from (("", f"  {_told(run, now)}") for run in held_up if run.dag_id in own)


def waits(one: EnvironmentSnapshot, now: float) -> Iterator[str]:
    """Say what is under way in an environment, what waits for it, and what keeps it back.

    :param one: the environment, as it was seen last.
    :param now: seconds since 1970.
    """
    if going := one.under_way:
        step = f", at {visible(going.step)}" if going.step else ""
        since = f"since {_when(going.since)}{_by(going.asked_by)}"
        yield f"deploying {visible(going.version)}{step}, {since}"
    if asked := one.approval:
        since = f"since {_when(asked.since)}{_by(asked.asked_by)}"
        yield f"approval wanted for {visible(asked.version)}, {since}"
    if hold := one.hold:
        until = f" until {_when(hold.until)}" if hold.until else ""
        yield f"held{until} since {_when(hold.since)}{_by(hold.by)}{_why(hold.why)}"
    if (freeze := one.freeze) and freeze.begins <= now < freeze.until:
        yield f"frozen until {_when(freeze.until)}{_why(freeze.why)}"
    if one.ill:
        words = one.ill.reason or one.ill.why
        yield f"{visible(one.ill.version)} failed here at {_when(one.ill.at)}{_why(words)}"
    if hand := one.by_hand:
        since = f" since {_when(hand.since)}" if hand.since else ""
        told = (visible(change.words, _LONGEST) for change in hand.changes)
        yield from (f"changed by hand{since}: {words}" for words in told)
    for warm in one.standbys:
        if warm.until > now:
            yield f"{visible(warm.version)} is warm until {_when(warm.until)}"
    if one.newer:
        yield f"{one.newer} newer release{'s' if one.newer > 1 else ''} waiting"


def tell(
    projects: Sequence[ProjectSnapshot],
    out: TextIO,
    now: float,
    waiting: Iterable[WaitingRun] = (),
) -> None:
    """Write the table."""
    table = list(rows(projects, now, waiting))
    whole = [row for row in table if len(row) == len(HEAD)]
    widths = [max(len(row[place]) for row in whole) for place in range(len(HEAD))]
    for row in table:
        if len(row) == len(HEAD):
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            out.write("  ".join(cells).rstrip() + "\n")
        else:
            out.write("  ".join(cell for cell in row if cell) + "\n")


def as_json(
    projects: Iterable[ProjectSnapshot], waiting: Iterable[WaitingRun] | None = None
) -> list[dict[str, Any]]:
    """Return what the board shows, for programs.

    :param projects: as they were seen last.
    :param waiting: runs that do not move; nothing is said of them where nobody asked.
    """
    if waiting is None:
        return [one.for_programs() for one in projects]
    held_up = list(waiting)
    found = []
    for one in projects:
        told = one.for_programs()
        for place, each in zip(told["environments"], one.environments, strict=True):
            place["waiting"] = _waiting(each, held_up)
        found.append(told)
    return found


def _waiting(one: EnvironmentSnapshot, held_up: Iterable[WaitingRun]) -> list[dict[str, Any]]:
    own = dags_of(one)
    return [run.for_programs() for run in held_up if run.dag_id in own]


def _told(run: WaitingRun, now: float) -> str:
    waits = run.waits
    since = f", since {_when(waits.since)}" if waits.since else ""
    if waits.reason is Reason.TIME and isinstance(waits.until, float) and waits.until > now:
        begins = PlannedTime(at=datetime.fromtimestamp(waits.until, UTC), words="")
        since = f", in {until(begins, datetime.fromtimestamp(now, UTC))}"
    elif run.at:
        since += f"; it is set for {visible(run.at)}"
    return f"{visible(run.name)} waits {visible(waits.words, _LONGEST)}{since}"


def _row(one: EnvironmentSnapshot) -> tuple[str, ...]:
    serving, machines = one.serving, one.machines
    if serving is None:
        return (visible(one.project), visible(one.environment), one.state.value, *[""] * 5)
    by = serving.asked_by
    if serving.approved_by and serving.approved_by != by:
        by = f"{by}, {serving.approved_by}"
    return (
        visible(one.project),
        visible(one.environment),
        one.state.value,
        visible(serving.version),
        _when(serving.since),
        visible(by),
        f"{machines.healthy}/{machines.wanted}",
        visible(serving.commit.subject, _SUBJECT),
    )


def _came(line: str) -> str:
    """Say of a line what an edition brought, or took back."""
    back = line.startswith("takes back ")
    return visible(line if back else f"brings {line}", _LONGEST)


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M}" if at else ""


def _by(login: str) -> str:
    return f", by {visible(login)}" if login else ""


def _why(words: str) -> str:
    return f": {visible(words, _LONGEST)}" if words else ""
