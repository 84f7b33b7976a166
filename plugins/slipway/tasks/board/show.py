"""Has an environment's snapshot say what a task has just learned or done.

A snapshot decides nothing, so nothing that goes wrong with it may stop a deployment: it is logged,
and the next one who looks puts it right.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.hooks.store.approvals import ApprovalBook, Proposal
from slipway.hooks.store.artifacts import ArtifactStore, artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.environments.history import Deployments
from slipway.hooks.store.environments.snapshots import Change, Snapshots
from slipway.hooks.store.failures import FailureReports
from slipway.hooks.store.release_order import history
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.board.deployment import CommitLine, DeploymentRecord
from slipway.model.board.snapshot import ApprovalWanted, EnvironmentSnapshot
from slipway.model.controls import Scope
from slipway.model.edition import version_of
from slipway.model.fleet import Fleet
from slipway.tasks.board.picture import failed_last, with_deployments, with_fleet

if TYPE_CHECKING:
    from airflow.sdk import Context

_LOG = logging.getLogger(__name__)
# Deployments that are looked through for the one that brought what serves.
LOOKED_AT = 50


@contextmanager
def beside(what: str) -> Iterator[None]:
    """Let nothing that goes wrong here stop what it tells of.

    :param what: that is not shown then.
    """
    try:
        yield
    except Exception as error:
        _LOG.warning("the board does not show %s: %s", what, error)


def show_deployment(project: str, environment: str, swap: str) -> None:
    """Show what was noted of a deployment just now.

    :param project: the project's name.
    :param environment: the environment's.
    :param swap: the deployment's name.
    """
    with beside(f"what became of a deployment to {environment}"):
        store = artifact_store()
        past = Deployments(store).take_up(project, environment, swap)[:LOOKED_AT]
        change = _picture(store, project, environment, None, past)
        Snapshots(store).change(project, environment, change)


def show(project: str, environment: str, fleet: Fleet | None = None) -> None:
    """Show what an environment's fleet and its deployments say.

    :param project: the project's name.
    :param environment: the environment's.
    :param fleet: as observed just now, if somebody has looked.
    """
    with beside(f"{project} {environment}"):
        store = artifact_store()
        Snapshots(store).change(project, environment, picture(store, project, environment, fleet))


def picture(store: ArtifactStore, project: str, environment: str, fleet: Fleet | None) -> Change:
    """Return what makes a snapshot say what is on record and was seen.

    :param store: that has the records.
    :param project: the project's name.
    :param environment: the environment's.
    :param fleet: as observed, if somebody has looked.
    """
    past = Deployments(store).last(project, environment, LOOKED_AT)
    return _picture(store, project, environment, fleet, past)


def _picture(
    store: ArtifactStore,
    project: str,
    environment: str,
    fleet: Fleet | None,
    past: Sequence[DeploymentRecord],
) -> Change:
    # An object for each, which is read where it is shown, and not at each step of a swap.
    wanted = failed_last(past) is not None
    reports = list(FailureReports(store).newest(project, environment)) if wanted else []
    now = time.time()

    def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
        noted = with_deployments(before, past, reports)
        if fleet is None:
            return _told(store, noted)
        # Who brought what serves is looked up by what the fleet says that does.
        seen = with_fleet(noted, fleet, now)
        seen = with_deployments(seen, past, reports, fleet_was_seen=True)
        return _settled(before, _told(store, seen))

    return change


def show_step(context: Context, project: str, environment: str, *, serving: bool = False) -> None:
    """Show which task of a deployment is at work, if it is that of this run.

    :param context: the task's.
    :param project: the project's name.
    :param environment: the environment's.
    :param serving: all traffic goes to the release by now.
    """
    ti: Any = context.get("ti")
    step, now = str(getattr(ti, "task_id", "")).rpartition(".")[2], time.time()

    def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
        at = before.under_way
        if not step or at is None or (at.dag_id, at.run_id) != (ti.dag_id, ti.run_id):
            return before
        if serving:
            at = replace(at, serving_at=now)
        if at.step != step:
            at = replace(at, step=step, step_since=now)
        return replace(before, under_way=at)

    with beside(f"that {step} is at work"):
        Snapshots(artifact_store()).change(project, environment, change)


def serving_since(project: str, environment: str, swap: str) -> float:
    """Return when all traffic went to a release that is under way; 0 where nobody noted it.

    :param project: the project's name.
    :param environment: the environment's.
    :param swap: the deployment's name.
    """
    with beside("since when a release serves"):
        there = Snapshots(artifact_store()).project(project).of(environment)
        if there and there.under_way and there.under_way.swap == swap:
            return there.under_way.serving_at
    return 0.0


def show_question(proposal: Proposal) -> None:
    """Show that somebody is asked.

    :param proposal: about what.
    """
    release = proposal.release
    with beside(f"that somebody is asked about {release.version}"):
        store = artifact_store()
        wanted = wanted_by(store, proposal)
        Snapshots(store).change(
            release.project, proposal.environment, lambda one: replace(one, approval=wanted)
        )


def wanted_by(store: ArtifactStore, proposal: Proposal) -> ApprovalWanted:
    """Say what somebody is asked.

    :param store: that has the release.
    :param proposal: about what.
    """
    return ApprovalWanted(
        version=proposal.release.version,
        dag_id=proposal.dag_id,
        run_id=proposal.run_id,
        asked_by=proposal.started_by,
        since=float(proposal.made_at),
        plan=proposal.digest,
        commit=commit_of(store, proposal.release.project, proposal.release.version),
    )


def open_question(
    store: ArtifactStore,
    project: str,
    environment: str,
    is_alive: Callable[[ApprovalWanted], bool],
    approvals: int = 1,
) -> ApprovalWanted | None:
    """Return the last question that somebody is still to answer.

    :param store: that has the book of approvals.
    :param project: the project's name.
    :param environment: the environment's.
    :param is_alive: tells whether the run that asks still does.
    :param approvals: how many people have to say yes.
    """
    book = ApprovalBook(store, project=project, environment=environment)
    asked = sorted(book.unanswered(approvals), key=lambda one: one.made_at, reverse=True)
    wanted = (wanted_by(store, one) for one in asked)
    return next((one for one in wanted if is_alive(one)), None)


def show_answer(context: Context, project: str, environment: str) -> None:
    """Show that a run asks nobody any more.

    :param context: of its task.
    :param project: the project's name.
    :param environment: the environment's.
    """
    ti: Any = context["ti"]

    def change(before: EnvironmentSnapshot) -> EnvironmentSnapshot:
        asked = before.approval
        own = asked is not None and (asked.dag_id, asked.run_id) == (ti.dag_id, ti.run_id)
        return replace(before, approval=None) if own else before

    with beside("that nobody is asked any more"):
        Snapshots(artifact_store()).change(project, environment, change)


def show_newer(project: str, new: Mapping[str, Change] | None = None) -> None:
    """Show on each environment of a project how many releases wait.

    :param project: the project's name.
    :param new: what there is to be said first, where nothing was said of an environment yet.
    """
    with beside(f"how many releases of {project} wait"):
        store = artifact_store()
        board, new = Snapshots(store), new or {}
        there = {one.environment: one for one in board.project(project).environments}
        for name in dict.fromkeys([*new, *there]):
            # One that was held before its first release has nothing else yet.
            is_new = name in new and not (name in there and there[name].seen_at)
            first = new[name] if is_new else None
            board.change(project, name, partial(_with_newer, store=store, first=first))


def _with_newer(
    before: EnvironmentSnapshot, store: ArtifactStore, first: Change | None
) -> EnvironmentSnapshot:
    return _told(store, first(before) if first else before)


def commit_of(store: ArtifactStore, project: str, version: str) -> CommitLine:
    """Return the commit of a release, as far as the catalogue knows it."""
    try:
        return CommitLine.of(ReleaseCatalogue(store).find(project, version).checkout)
    except (ReleaseNotFound, RecordRefused):
        return CommitLine()


def rejected_versions(store: ArtifactStore, project: str) -> set[str]:
    """Return the releases that somebody rejected; none where the journal cannot be believed.

    :param store: that has the journal.
    :param project: the project's name.
    """
    try:
        found = ControlBook(store).state(Scope(project=project)).rejected
    except RecordRefused as refused:
        _LOG.warning("the board does not show what of %s is rejected: %s", project, refused)
        return set()
    return {one.version for one in found}


def _told(store: ArtifactStore, one: EnvironmentSnapshot) -> EnvironmentSnapshot:
    """Say of what serves what the catalogue knows: its commit, and how many came after it."""
    serving, rejected = one.serving, rejected_versions(store, one.project)
    versions = [v for v in ReleaseCatalogue(store).versions(one.project) if v not in rejected]
    if serving is None:
        return replace(one, newer=len(versions))
    rank = history(version_of(serving.version))
    if not serving.commit.sha:
        commit = commit_of(store, one.project, serving.version)
        serving = replace(serving, commit=commit)
    newer = sum(history(version) > rank for version in versions)
    return replace(one, serving=serving, newer=newer)


def _settled(before: EnvironmentSnapshot, after: EnvironmentSnapshot) -> EnvironmentSnapshot:
    """Write no new record where a look has shown nothing new, for a while."""
    unchanged = replace(after, seen_at=before.seen_at) == before
    return before if unchanged and after.seen_at - before.seen_at < _FRESH else after


# Seconds for which a look counts that has shown nothing new.
_FRESH = 3600.0
