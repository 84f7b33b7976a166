"""What the tasks of a commit's run signed, for those that come after them.

XComs draw the arrows and are for people to read; whoever operates a DAG may edit them, as he may
mark a task as successful that never ran. So each task signs what it did and what it did it to, and
the next one goes by that: without a signature there is nothing to go by.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from slipway.exceptions import FactMissing, ReleaseAltered
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import KeptFact, RunFacts, digest
from slipway.model.facts import Fact, Json, Release, TestReport
from slipway.tasks.retries import no_retry_on_input_error

if TYPE_CHECKING:
    from airflow.sdk import Context

# The tasks that a release is made of, by their ids in a commit's DAG.
CHECKOUT, TEST, REHEARSE = "checkout", "test", "rehearse_migrations"
BUILD_DEB, PUBLISH_APT = "build_deb", "publish_apt"
# The first half of the pipeline, where what it builds is packaged while the rest is tested.
BUILD = "build"
# No part of a release's proof: the image that was baked while it was tested.
BAKE_EARLY = "bake_early"

_AGAIN = "run the DAG again for this commit"
_Told = TypeVar("_Told", bound=Fact)


def forget_fact(context: Context) -> None:
    """Drop what an earlier try of a task signed, as its first step.

    A task that was cleared and fails has not done what it did before: otherwise whoever marks it
    as successful then would make the earlier try count.

    :param context: the task's.
    """
    facts = run_facts(context)
    if facts is not None:
        ti: Any = context["ti"]
        with no_retry_on_input_error():
            facts.forget(ti.task_id)


def keep_fact(context: Context, release: Release, fact: Json, *, of: Fact | None = None) -> Json:
    """Sign what a task did, as its last step; outside of a run there is nothing to keep.

    :param context: the task's.
    :param release: what it did it to.
    :param fact: what it returns.
    :param of: what :func:`same_as_kept` gave it to do it with; None for the first task of a run.
    :returns: the fact.
    """
    facts = run_facts(context)
    if facts is not None:
        ti: Any = context["ti"]
        made_of = digest(of) if of is not None else ""
        with no_retry_on_input_error():
            facts.keep(ti.task_id, KeptFact(release=release, told=fact, made_of=made_of))
    return fact


def kept_fact(context: Context, task_id: str) -> KeptFact:
    """Return what an earlier task of the run signed.

    :param context: the task's.
    :param task_id: the earlier task's.
    :raises FactMissing: when it signed nothing.
    :raises RecordRefused: when somebody else wrote what is there.
    """
    facts = run_facts(context)
    found = facts.find(task_id) if facts is not None else None
    if found is None:
        msg = f"the task {task_id} signed nothing in this run, so it did nothing that counts"
        advice = f"it was marked as successful, or ran before an upgrade: {_AGAIN}"
        raise FactMissing(msg, advice=advice)
    return found


def kept_report(context: Context, task_id: str, release: Release) -> TestReport:
    """Return how the pipeline of a release went, as its task signed it.

    :param context: the task's.
    :param task_id: the pipeline's task.
    :param release: whose pipeline it must have been.
    :raises FactMissing: when that task signed nothing.
    :raises RecordRefused: when somebody else wrote what is there.
    :raises ReleaseAltered: when it ran another commit's pipeline.
    """
    kept = kept_fact(context, task_id)
    if kept.release != release:
        msg = f"{task_id} ran the pipeline of {kept.release.version}, and this is {release.version}"
        raise ReleaseAltered(msg, advice=f"the ref has moved since: clear {task_id}, or {_AGAIN}")
    return TestReport.from_json(kept.told)


def same_as_kept(context: Context, task_id: str, told: _Told) -> _Told:
    """Return what an earlier task of the run signed, which is what this one was told as well.

    Outside of a run nobody signs, and what was told is all there is.

    :param context: the task's.
    :param task_id: the earlier task's.
    :param told: what it is said to have returned.
    :raises FactMissing: when it signed nothing.
    :raises RecordRefused: when somebody else wrote what is there.
    :raises ReleaseAltered: when it returned something else.
    """
    if run_facts(context) is None:
        return told
    kept = type(told).from_json(kept_fact(context, task_id).told)
    if kept == told:
        return kept
    msg = f"this task was told something else than {task_id} returned in this run"
    advice = f"somebody edited what the tasks told each other: clear {task_id}, or {_AGAIN}"
    raise ReleaseAltered(msg, advice=advice)


def run_facts(context: Context) -> RunFacts | None:
    """Open what the tasks of a run signed; None outside of a run.

    :param context: the task's.
    """
    ti: Any = context.get("ti")
    if ti is None:
        return None
    return RunFacts(artifact_store(), dag_id=ti.dag_id, run_id=ti.run_id)
