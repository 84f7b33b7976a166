"""What follows from a hold, a stop or a rejection. Pure: it reads no record and asks no clock."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import Enum

from slipway.model.controls import (
    Action,
    Cancellation,
    ControlEvent,
    Controls,
    Hold,
    Rejection,
    Scope,
    ScopeState,
    Stop,
    Urgent,
)
from slipway.model.edition import version_of
from slipway.model.text.inert import visible
from slipway.policies.rights import Person, is_among, listed

_LONGEST = 500
# Seconds for which a cancellation is kept: longer than anything waits that it could be of.
_CANCELLED_FOR = 90 * 86400


class Closed(Enum):
    """Why nothing may begin."""

    HELD = "held"
    STOPPED = "stopped"
    REJECTED = "rejected"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """That a deployment must not begin.

    :param kind: what stands in its way.
    :param words: who, since when and why, for people.
    :param advice: what can be done.
    """

    kind: Closed
    words: str
    advice: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Passed:
    """That somebody passes a stop.

    :param stops: those that are passed.
    """

    stops: tuple[tuple[Scope, Stop], ...]


def closed(
    controls: Controls, *, version: str, by_itself: bool, person: Person, reason: str = ""
) -> Refusal | Passed | None:
    """Decide whether a deployment may begin.

    :param controls: of the environment.
    :param version: the release that would serve.
    :param by_itself: no person chose the release.
    :param person: who started the run.
    :param reason: why the run passes a stop; empty where nobody said.
    :returns: None when nothing stands in the way.
    """
    # A release's rejection is one of all its editions.
    rejected = controls.rejected.get(version) or controls.rejected.get(version_of(version))
    if rejected is not None:
        return _refused_release(rejected)
    barred = [one for one in controls.stops if not (reason and is_among(person, one[1].may_pass))]
    if barred:
        return _stopped(*barred[0])
    if controls.hold is not None and by_itself:
        return _held(controls.hold)
    return Passed(stops=controls.stops) if controls.stops else None


def cancelled(
    noted: Iterable[Cancellation], *, run_id: str, asked_at: float, waits_for_time: bool
) -> Cancellation | None:
    """Return who cancelled a run; None where nobody did.

    :param noted: of the environment.
    :param run_id: of the environment's own DAG.
    :param asked_at: when the run was asked for, seconds since 1970.
    :param waits_for_time: it is set for a time.
    """
    for one in noted:
        meant = one.run == run_id if one.run else waits_for_time
        # A journal has whole seconds; what is asked for after it is another deployment.
        if meant and asked_at < one.at + 1:
            return one
    return None


def told_cancelled(one: Cancellation) -> str:
    """Say who cancelled a run, when and why."""
    at = datetime.fromtimestamp(one.at, UTC)
    why = f": {visible(one.why, _LONGEST)}" if one.why else ""
    return f"cancelled by {visible(one.by)} on {at:%Y-%m-%d at %H:%M:%S} UTC{why}"


def _refused_release(one: Rejection) -> Refusal:
    words = f"{visible(one.version)} was rejected by {_told(one)}"
    advice = "deploy another release; `fab reject --withdraw` takes the rejection back"
    return Refusal(kind=Closed.REJECTED, words=words, advice=advice)


def _stopped(scope: Scope, stop: Stop) -> Refusal:
    advice = "wait until the stop is ended with `fab resume`"
    if stop.may_pass:
        advice += f", or have it started by {listed(stop.may_pass)} with `pass_stop` and a reason"
    words = f"the line is stopped for {scope} by {_told(stop)}"
    return Refusal(kind=Closed.STOPPED, words=words, advice=advice)


def _held(hold: Hold) -> Refusal:
    advice = (
        "`fab resume` lets later commits deploy here by themselves again; a person may deploy any "
        "release meanwhile"
    )
    return Refusal(kind=Closed.HELD, words=f"held by {_told(hold)}", advice=advice)


def told(controls: Controls) -> Iterator[str]:
    """Yield a line for each hold and stop, for people."""
    for scope, stop in controls.stops:
        passing = f"; {listed(stop.may_pass)} may pass" if stop.may_pass else ""
        yield f"the line is stopped for {scope} by {_told(stop)}{passing}"
    if controls.hold is not None:
        yield f"held by {_told(controls.hold)}"


def _told(one: Hold | Stop | Rejection) -> str:
    at = datetime.fromtimestamp(one.at, UTC)
    return f"{visible(one.by)} since {at:%Y-%m-%d %H:%M:%S} UTC: {visible(one.why, _LONGEST)}"


def after(state: ScopeState, event: ControlEvent) -> ScopeState:
    """Return what holds after somebody did something; the same where it changes nothing.

    :param state: what holds now.
    :param event: what was done.
    """
    match event.action:
        case Action.HOLD:
            # Who held it first is who is asked.
            return replace(state, hold=state.hold or _hold(event))
        case Action.STOP:
            stop = Stop(by=event.by, at=event.at, why=event.why, may_pass=event.may_pass)
            return replace(state, stop=stop)
        case Action.RESUME:
            return replace(state, hold=None, stop=None)
        case Action.REJECT | Action.ACCEPT:
            return replace(state, rejected=_rejected(state, event))
        case Action.URGENT:
            return replace(state, urgent=_urgent(event))
        case Action.CANCEL:
            return replace(state, cancelled=_cancelled(state, event))
        case _:
            return state


def _hold(event: ControlEvent) -> Hold:
    return Hold(by=event.by, at=event.at, why=event.why, dag_id=event.dag_id, run_id=event.run_id)


def _rejected(state: ScopeState, event: ControlEvent) -> tuple[Rejection, ...]:
    others = tuple(one for one in state.rejected if one.version != event.version)
    if event.action is Action.ACCEPT:
        return others
    one = Rejection(version=event.version, by=event.by, at=event.at, why=event.why)
    return (*others, one)


def _cancelled(state: ScopeState, event: ControlEvent) -> tuple[Cancellation, ...]:
    kept = (one for one in state.cancelled if event.at - one.at < _CANCELLED_FOR)
    return (*kept, Cancellation(run=event.run, by=event.by, at=event.at, why=event.why))


def _urgent(event: ControlEvent) -> Urgent:
    return Urgent(
        version=event.version,
        by=event.by,
        at=event.at,
        why=event.why,
        dag_id=event.dag_id,
        run_id=event.run_id,
    )
