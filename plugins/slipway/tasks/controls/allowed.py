"""Whether a deployment may begin now: who asks for it, and what people said of the environment.

Asked early, so that nothing is baked for nothing, and once more under the environment's lease,
before the first change: that answer is the one that counts. What has begun goes on to its end, and
the way back of a swap that failed is always open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NoReturn

from airflow.sdk.exceptions import AirflowSkipException

from slipway.exceptions import InputError
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.model.controls import Action, ControlEvent, Controls
from slipway.policies.controls import (
    Closed,
    Passed,
    Refusal,
    after,
    cancelled,
    closed,
    told,
    told_cancelled,
)
from slipway.policies.rights import Person, Right, refusal
from slipway.tasks.at_a_time.moment import its_time_has_come, planned_time
from slipway.tasks.board.brakes import show_control
from slipway.tasks.controls.person import asked_at, starter, was_cleared
from slipway.tasks.controls.refusals import (
    DeploymentCancelled,
    EnvironmentHeld,
    LineStopped,
    NotAllowed,
    ReleaseRejected,
)
from slipway.tasks.params import freeze_override, reason_of, triggered_by

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.tasks.consent import Admission

PASS_STOP, URGENT = "pass_stop", "urgent"
# The XCom of a task that was skipped: who held, stopped or rejected, since when and why.
HELD = "held"
_ERRORS: dict[Closed, type[InputError]] = {
    Closed.HELD: EnvironmentHeld,
    Closed.STOPPED: LineStopped,
    Closed.REJECTED: ReleaseRejected,
}
_ANEW = "nothing was changed: have somebody who may trigger a new run"


def require_open(
    context: Context, admission: Admission, version: str, *, skip: bool = False
) -> Passed | None:
    """Make sure that a run may begin to put a release on an environment.

    :param context: the task's.
    :param admission: of the environment.
    :param version: the release.
    :param skip: skip the task instead of failing it; for runs that nobody started by hand.
    :returns: what the run passes, where it passes a stop.
    :raises AirflowSkipException: in place of any of the next four.
    :raises NotAllowed: when whoever started the run may not deploy there.
    :raises ReleaseRejected: when somebody rejected the release.
    :raises LineStopped: when somebody stopped the line.
    :raises EnvironmentHeld: when somebody held the environment, and no person chose the release, or
        it was set for a time that has come: what begins by itself does not begin there.
    :raises DeploymentCancelled: when somebody cancelled it.
    :raises RecordRefused: when what is noted was not signed here.
    """
    try:
        return _require_open(context, admission, version)
    except (EnvironmentHeld, LineStopped, NotAllowed, ReleaseRejected) as closed_by:
        if skip:
            tell_held(context, closed_by.message)
            raise AirflowSkipException(str(closed_by)) from closed_by
        raise


def _require_open(context: Context, admission: Admission, version: str) -> Passed | None:
    asks = starter(context)
    require_right(context, admission, asks)
    controls = controls_of(admission)
    _require_not_cancelled(context, admission, controls)
    timed = its_time_has_come(context) and not _held_by_itself(context, controls)
    found = closed(
        controls,
        version=version,
        by_itself=admission.by_itself or timed,
        person=asks,
        reason=reason_of(context, PASS_STOP),
    )
    if isinstance(found, Refusal):
        _refuse(found, admission)
    return found


def _held_by_itself(context: Context, controls: Controls) -> bool:
    """Tell whether it was this run that held the environment, since it is a way back."""
    ti: Any = context.get("ti")
    hold = controls.hold
    return (
        ti is not None
        and hold is not None
        and (hold.dag_id, hold.run_id)
        == (
            ti.dag_id,
            ti.run_id,
        )
    )


def require_not_cancelled(context: Context, admission: Admission) -> None:
    """Make sure that nobody has cancelled a run.

    :param context: the task's.
    :param admission: of the environment.
    :raises DeploymentCancelled: when somebody has.
    """
    _require_not_cancelled(context, admission, controls_of(admission))


def _require_not_cancelled(context: Context, admission: Admission, controls: Controls) -> None:
    ti: Any = context.get("ti")
    if ti is None or admission.by_itself:
        return
    found = cancelled(
        controls.cancelled,
        run_id=str(ti.run_id),
        asked_at=asked_at(context),
        waits_for_time=planned_time(context) is not None,
    )
    if found is not None:
        msg = f"this deployment to {admission.environment} was {told_cancelled(found)}"
        raise DeploymentCancelled(msg, advice="nothing was changed; trigger a new run to deploy")


def tell_held(context: Context, words: str) -> None:
    """Leave with a skipped task why it was, for the commit's page and for whoever looks.

    :param context: the task's.
    :param words: for people.
    """
    ti: Any = context.get("ti")
    if ti is not None:
        ti.xcom_push(key=HELD, value=words)


def require_right(context: Context, admission: Admission, asks: Person) -> None:
    """Make sure that whoever started a run may deploy.

    :param context: the task's.
    :param admission: of the environment.
    :param asks: who started it.
    :raises NotAllowed: when he may not, or when nobody can say who let the run go on.
    """
    may = admission.rules.may
    if admission.by_itself and not asks.name:
        return  # the project file has each commit deployed there
    if refused := refusal(may, Right.DEPLOY, asks, admission.environment):
        raise NotAllowed(refused, advice=_ANEW)
    if may.deploy is not None and not admission.by_itself and was_cleared(context):
        msg = (
            f"tasks of this run were cleared, and Airflow says to no task by whom; not everybody "
            f"may deploy to {admission.environment}"
        )
        raise NotAllowed(msg, advice=_ANEW)


def require_override(context: Context, admission: Admission) -> None:
    """Make sure that whoever started a run may override a freeze.

    :param context: the task's.
    :param admission: of the environment.
    :raises NotAllowed: when he may not.
    """
    may, name = admission.rules.may, admission.environment
    if refused := refusal(may, Right.OVERRIDE_FREEZE, starter(context), name):
        raise NotAllowed(refused, advice=_ANEW)


def controls_of(admission: Admission) -> Controls:
    """Return everything that holds for an environment.

    :param admission: of the environment.
    """
    return ControlBook(artifact_store()).of(admission.project, admission.environment)


def describe(admission: Admission, version: str) -> list[str]:
    """Return a line for all that stands in the way of a release, for its plan.

    :param admission: of the environment.
    :param version: the release.
    """
    controls = controls_of(admission)
    lines = list(told(controls))
    nobody = Person(name="")
    found = closed(controls, version=version, by_itself=False, person=nobody)
    if isinstance(found, Refusal) and found.kind is Closed.REJECTED:
        lines.insert(0, found.words)
    return lines


def before_its_time(context: Context, admission: Admission) -> list[str]:
    """Return a line where a run is set for a time to come, and would not begin as things are.

    :param context: the task's.
    :param admission: of the environment.
    """
    if planned_time(context) is None or its_time_has_come(context):
        return []
    if controls_of(admission).hold is None:
        return []
    return ["unless somebody resumes it before its time, it does not begin then"]


def note(
    context: Context, admission: Admission, action: Action, *, version: str, why: str
) -> ControlEvent:
    """Note for the audit, and for good, what a run did; once for each run.

    :param context: the task's.
    :param admission: of the environment.
    :param action: what it did.
    :param version: the release that it brings in.
    :param why: the reason that somebody gave.
    """
    ti: Any = context["ti"]
    event = ControlEvent(
        action=action,
        by=triggered_by(context),
        at=0,  # the store has the clock
        why=why,
        dag_id=ti.dag_id,
        run_id=ti.run_id,
        project=admission.project,
        environment=admission.environment,
        version=version,
        asked_at=asked_at(context),
    )
    noted = ControlBook(artifact_store()).note(event, after)
    show_control(noted)
    return noted


def note_passed(
    context: Context, admission: Admission, version: str, *, stop: bool, freeze: bool
) -> None:
    """Note that a run begins although the line is stopped, or the environment frozen.

    :param context: the task's.
    :param admission: of the environment.
    :param version: the release that it brings in.
    :param stop: it passes a stop.
    :param freeze: it overrides a freeze.
    """
    if stop:
        why = reason_of(context, PASS_STOP)
        note(context, admission, Action.PASSED_STOP, version=version, why=why)
    if freeze:
        why = freeze_override(context)
        note(context, admission, Action.PASSED_FREEZE, version=version, why=why)


def hold_after_way_back(
    context: Context, admission: Admission, version: str, serving: str, say: Callable[[str], None]
) -> None:
    """Hold an environment for the run that takes it back, so that the next push does not undo it.

    :param context: the task's.
    :param admission: of the environment.
    :param version: the release that comes back.
    :param serving: the release that it replaces.
    :param say: is told.
    """
    why = f"back from {serving} to {version}"
    held = note(context, admission, Action.HOLD, version=version, why=why)
    say(
        f"held by {held.by}: later commits do not deploy to {admission.environment} by themselves "
        f"until `fab resume {admission.project} {admission.environment}`"
    )


def _refuse(found: Refusal, admission: Admission) -> NoReturn:
    msg = f"{admission.project} does not go to {admission.environment}: {found.words}"
    raise _ERRORS[found.kind](msg, advice=found.advice)
