"""Whether a run has begun its swap, and whether it brought it to an end.

Whoever operates a DAG may mark each task as successful, and clear an old run. So it depends on no
task's state: a run that is let in signs a note with a random name of its swap, under which the
environment's lease has the swap on record until it ends, whoever ends it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from slipway.exceptions import EnvironmentMisconfigured, FactMissing
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.failed_deployments import FailedDeployments
from slipway.tasks.kept_facts import run_facts

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.cloud.lease import LeaseRecord, UnfinishedSwap
    from slipway.model.facts import Release


def name_of_swap(
    context: Context, release: str, ours: UnfinishedSwap | None, begin: Callable[[], None]
) -> str:
    """Return the name of the run's swap, which it has begun or begins now, if it may.

    The lease alone does not say that it has: whoever wants to can write there. Nor does the note
    alone: the swap may be over by now, ended by housekeeping.

    :param context: the task's.
    :param release: the version that the run brings in.
    :param ours: what the lease has on record of it.
    :param begin: raises when it must not begin.
    :raises RecordRefused: when somebody else wrote the run's note.
    """
    facts = run_facts(context)
    note = facts.swap() if facts is not None else None
    if ours and note and (note.version, note.name) == (release, ours.name):
        return ours.name
    begin()
    name = uuid4().hex
    if facts is not None:
        facts.begin_swap(release, name)
    return name


def name_of_way_back() -> str:
    """Return a name that no run noted, so that nothing goes on by it."""
    return uuid4().hex


def own_swap(held: LeaseRecord | None, owner: str, release: str) -> UnfinishedSwap | None:
    """Return the swap that a run has on record: it has the lease from its first change on.

    :param held: the lease as it was found.
    :param owner: as the run is called there.
    :param release: the version that the run brings in.
    """
    if held is None or held.owner != owner:
        return None
    return next((one for one in held.swaps if one.release == release), None)


def never_began(context: Context, look: Callable[[], object]) -> bool:
    """Tell whether a run has begun no swap, in an environment that cannot even be looked at.

    Its preflight failed for that: to take the lease would leave a swap on record that never was.

    :param context: the task's.
    :param look: observes the release's server group.
    """
    facts = run_facts(context)
    if facts is None or facts.swap() is not None:
        return False
    try:
        look()
    except EnvironmentMisconfigured:
        return True
    return False


def was_let_in(context: Context) -> bool:
    """Tell whether a run has begun a swap that did not go back; also where nobody can say.

    :param context: the task's.
    """
    facts = run_facts(context)
    return facts is None or facts.swap() is not None


def finish_swap(context: Context) -> None:
    """Note that the release serves, before the lease lets the swap go.

    :param context: the task's.
    """
    facts = run_facts(context)
    if facts is not None and (note := facts.swap()) is not None:
        facts.finish_swap(note)


def forget_swap(context: Context) -> None:
    """Note that the swap went back.

    :param context: the task's.
    """
    if (facts := run_facts(context)) is not None:
        facts.forget_swap()


def note_failure(context: Context, release: Release, environment: str) -> None:
    """Note that a release failed, where this run has begun the swap to it, before that is over.

    :param context: the task's.
    :param release: that was rolled back.
    :param environment: where.
    """
    facts = run_facts(context)
    begun = facts.swap() if facts is not None else None
    # What the task was told is an XCom; what the run began, it signed.
    if begun is None or begun.version != release.version:
        return
    ti: Any = context["ti"]
    FailedDeployments(artifact_store()).note(
        release, environment, run_id=ti.run_id, tasks=failed_tasks(ti)
    )


def require_finished(context: Context, version: str) -> None:
    """Make sure that the run has brought a release into service.

    :param context: the task's.
    :param version: the release.
    :raises FactMissing: when it has not.
    :raises RecordRefused: when somebody else wrote the run's note.
    """
    facts = run_facts(context)
    note = facts.swap() if facts is not None else None
    if note is None or not note.finished or note.version != version:
        msg = f"no swap of this run has brought {version} into service"
        advice = (
            "clear the task retire_old, which ends the swap: marked as successful it did nothing"
        )
        raise FactMissing(msg, advice=advice)


def failed_tasks(ti: Any) -> list[str]:
    """Name the tasks of the run that failed; none where nobody can say.

    :param ti: one of the run's tasks.
    """
    try:
        states = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    except Exception:
        return []
    failed = (name for name, state in states.items() if state == "failed")
    return sorted(name.rpartition(".")[2] for name in failed)
