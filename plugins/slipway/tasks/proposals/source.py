"""Where a task has a commit's files from: the repository, or what was proposed for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from slipway.exceptions import ApprovalMissing
from slipway.hooks.git.connection import git_mirror, proposal_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.hooks.git.proposals import ProposalMirror, Proposed
from slipway.hooks.store.runs.facts import digest
from slipway.model.event import Event, EventKind
from slipway.model.facts import Checkout
from slipway.model.git.large_files import LargeFiles
from slipway.model.git.repository import Repository
from slipway.tasks.kept_facts import kept_fact, run_facts

if TYPE_CHECKING:
    from airflow.sdk import Context

# The task in which a person may be asked, by its id in the DAG of proposals.
APPROVE = "approve_commit"


def commit_mirror(
    context: Context,
    checkout: Checkout,
    repository: Repository,
    submodules: Mapping[str, str] | None = None,
    large_files: LargeFiles = LargeFiles.FETCH,
) -> GitMirror:
    """Open a mirror that has a commit's files (:attr:`Checkout.files`).

    :param context: the task's.
    :param checkout: the commit.
    :param repository: that it is in, or was proposed for.
    :param submodules: connections of submodules.
    :param large_files: what becomes of files in Git LFS.
    :raises ApprovalMissing: when it was proposed, and may not run yet.
    """
    if checkout.cause.kind is not EventKind.PULL_REQUEST:
        return git_mirror(repository.url, repository.connection, submodules, large_files)
    require_consent(context, checkout)
    return proposed_files(checkout, repository, submodules, large_files)


def proposed_files(
    checkout: Checkout,
    repository: Repository,
    submodules: Mapping[str, str] | None = None,
    large_files: LargeFiles = LargeFiles.FETCH,
) -> ProposalMirror:
    """Open the mirror that a pull request's files are in, and bring them.

    :param checkout: of the pull request.
    :param repository: that it was proposed for.
    :param submodules: connections of submodules; none counts for a fork's.
    :param large_files: what becomes of files in Git LFS.
    """
    event, sha = checkout.cause, checkout.release.sha
    mirror = proposal_mirror(
        repository.url, repository.connection, submodules, large_files, stranger=event.fork
    )
    mirror.bring(proposed(event, sha))
    if checkout.merge is not None:
        mirror.remake(checkout.merge, sha)
    return mirror


def proposed(event: Event, sha: str) -> Proposed:
    """Say where a pull request's commit is had from.

    :param event: the pull request's.
    :param sha: of its commit.
    """
    return Proposed(sha=sha, ref=event.head or event.ref, origin=event.origin)


def require_consent(context: Context, checkout: Checkout) -> None:
    """Make sure that a pull request was let in: by its project's rules, or by a person.

    :param context: the task's; outside of a run nobody is asked.
    :param checkout: what was let in, to the letter: another commit, or another state of the branch
        that it is merged with, is not.
    :raises FactMissing: when nobody has looked at it in this run.
    :raises ApprovalMissing: when it was something else that was let in.
    """
    if run_facts(context) is None:
        return
    if kept_fact(context, APPROVE).made_of != digest(checkout):
        msg = f"what was let into this run is something else than {checkout.release.sha}"
        advice = f"checkout was run again since: clear {APPROVE} as well, or trigger a new run"
        raise ApprovalMissing(msg, advice=advice)
