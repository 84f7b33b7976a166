"""Whether a task may put a release on an environment: what is recorded of it, and who said yes.

What a task was told by the tasks before it are XComs, which whoever operates a DAG may edit, as he
may mark a task as successful that was never run. So each task that changes an environment looks for
itself: into the catalogue, and into the book of approvals.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.exceptions import (
    ApprovalMissing,
    ApprovalUsedUp,
    DryRunOnly,
    PlanOutdated,
    ReleaseAltered,
)
from slipway.fleet.capacity import serving_version
from slipway.hooks.store.approvals import NOBODY, Approval, ApprovalBook, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.facts import PublishedPackage, Release
from slipway.model.text.inert import visible
from slipway.policies.rights import Rules, no_yes
from slipway.tasks.controls.person import person
from slipway.tasks.kept_facts import run_facts
from slipway.tasks.params import DRY_RUN, is_dry_run

if TYPE_CHECKING:
    from airflow.sdk import Context

    from slipway.model.cloud.lease import LeaseRecord
    from slipway.model.fleet import Fleet

_ANEW = "trigger a new run; nothing was changed by this task"


@dataclass(frozen=True, kw_only=True)
class Consent:
    """A yes, which counts until the swap that it was given for has come to its end.

    :param proposal: what it is a yes to.
    :param approval: who said it first.
    :param book: where both are kept.
    :param others: who said it besides, where more than one person has to.
    """

    proposal: Proposal
    approval: Approval
    book: ApprovalBook
    others: tuple[Approval, ...] = ()

    @property
    def by(self) -> str:
        """The logins of all who said yes."""
        return ", ".join(one.by for one in (self.approval, *self.others))

    def admit(self, held: LeaseRecord | None) -> None:
        """Let the swap begin, or go on.

        A worker may die in the middle of it, and the next try goes on: the lease has on record what
        is half done. What is no longer on record there has come to its end, forwards or backwards.

        :param held: the lease as it was found.
        :raises ApprovalUsedUp: when there was a swap by this yes, which is over.
        """
        used = self.book.used_at(self.proposal)
        under_way = held is not None and any(s.plan == self.proposal.name for s in held.swaps)
        if used is None or under_way:
            return
        when = time.strftime("%Y-%m-%d at %H:%M:%S", time.gmtime(used))
        msg = (
            f"the yes to {self.proposal.release.version} was used up by the swap that began on "
            f"{when} UTC, and that swap has come to its end"
        )
        raise ApprovalUsedUp(msg, advice=_ANEW)

    def use_up(self) -> None:
        """Note that the swap has begun; to be called under the lease, before the first change."""
        if self.book.used_at(self.proposal) is None:
            self.book.use_up(self.proposal, int(time.time()))


@dataclass(frozen=True, kw_only=True)
class Admission:
    """What one environment lets in.

    :param project: the project's name.
    :param environment: the environment's name.
    :param asks: a person must say yes.
    :param rules: who may do what, and how many have to say yes.
    :param by_itself: no person chose the release: it is a commit's own deployment.
    """

    project: str
    environment: str
    asks: bool = False
    rules: Rules = field(default_factory=Rules)
    by_itself: bool = False

    @property
    def skips(self) -> bool:
        """Whether a run that may not begin is skipped: nobody stands behind it."""
        return self.by_itself and not self.asks

    @property
    def book(self) -> ApprovalBook:
        """Where the environment's approvals are kept."""
        return ApprovalBook(artifact_store(), project=self.project, environment=self.environment)

    def record(self, release: Release, sha256: str = "") -> ReleaseRecord:
        """Return what the catalogue has of a release.

        :param release: as a task was told.
        :param sha256: of its package, where the task was told.
        :raises ReleaseNotFound: when it never passed.
        :raises ReleaseAltered: when that is not what was recorded.
        """
        record = ReleaseCatalogue(artifact_store()).find(self.project, release.version)
        known = record.checkout.release
        told = (release, sha256 or record.package.digest)
        if told == (known, record.package.digest) and record.package.release == known:
            return record
        msg = (
            f"this task was told of {_named(release, sha256)}, but recorded is "
            f"{_named(known, record.package.digest)}"
        )
        raise ReleaseAltered(msg, advice=f"somebody edited what the tasks told each other: {_ANEW}")

    def package(self, context: Context, told: PublishedPackage) -> PublishedPackage:
        """Return the package as the catalogue has it, if it may be deployed.

        :param context: the task's.
        :param told: what the task was told of it.
        """
        self.consent(context, told.release, told.digest)
        return self.record(told.release, told.digest).package

    def consent(self, context: Context, release: Release, sha256: str = "") -> Consent | None:
        """Return the yes to a release in a task's run; None where nobody is asked.

        Each task that changes an environment comes by here, so a dry run ends here, whatever
        was marked as successful before it.

        :param context: the task's.
        :param release: as the task was told.
        :param sha256: of its package, where the task was told.
        :raises DryRunOnly: when the run must change nothing.
        :raises ApprovalMissing: when nobody approved this release, in this run, by this plan.
        """
        if is_dry_run(context):
            msg = f"this is a dry run, which changes nothing on {self.environment}"
            raise DryRunOnly(msg, advice=f"to deploy, trigger a run without `{DRY_RUN}`")
        if not self.asks:
            return None
        record = self.record(release, sha256)
        ti: Any = context["ti"]
        proposal = self.book.proposal(ti.dag_id, ti.run_id)
        given = self._given(proposal) if proposal else []
        # What has begun goes on by the rules that it began by.
        begun = _has_begun(context, release.version)
        needed = 1 if begun else self.rules.approvals
        if proposal is None or len(given) < needed:
            msg = f"nobody approved {release.version} for {self.environment} in this run"
            if given:
                missing = needed - len(given)
                msg = f"{release.version} lacks {missing} yes for {self.environment} in this run"
            advice = "a task `approve` that was marked as successful, or skipped, is no yes, nor is"
            raise ApprovalMissing(msg, advice=f"{advice} one to a plan that was made anew: {_ANEW}")
        self._compare(proposal, record)
        if not begun:
            self._require_right(proposal, given)
        return Consent(
            proposal=proposal, approval=given[0], book=self.book, others=tuple(given[1:])
        )

    def _given(self, proposal: Proposal) -> list[Approval]:
        """Return who said yes, as many as have to."""
        numbers = range(1, self.rules.approvals + 1)
        found = (self.book.approval(proposal, number) for number in numbers)
        return [one for one in found if one is not None and one.approved]

    def _require_right(self, proposal: Proposal, given: list[Approval]) -> None:
        """Look once more, by the project file as it is now, whether each yes counts."""
        for number, one in enumerate(given):
            if refused := may_approve(one, proposal, self.rules, given[:number]):
                msg = f"the yes of {visible(one.by)} does not count: {refused}"
                raise ApprovalMissing(msg, advice=_ANEW)

    def _compare(self, proposal: Proposal, record: ReleaseRecord) -> None:
        approved = (proposal.environment, proposal.release, proposal.sha256)
        if approved == (self.environment, record.checkout.release, record.package.digest):
            return
        msg = (
            f"{proposal.release.version} was approved for {proposal.environment} (package "
            f"{proposal.sha256[:12]}), not {record.checkout.release.version} for "
            f"{self.environment} (package {record.package.digest[:12]})"
        )
        raise ApprovalMissing(msg, advice=_ANEW)


def _has_begun(context: Context, version: str) -> bool:
    """Tell whether the run was let in to bring a release, which it signed."""
    facts = run_facts(context)
    note = facts.swap() if facts is not None else None
    return note is not None and note.version == version


def _named(release: Release, sha256: str) -> str:
    package = f", package {sha256[:12]}" if sha256 else ""
    return visible(f"{release.project} {release.version} ({release.sha[:7]}{package})")


def may_approve(
    approval: Approval,
    proposal: Proposal,
    rules: Rules | None = None,
    earlier: Iterable[Approval] = (),
) -> str | None:
    """Decide whether somebody's yes counts. This is the one place where that is settled.

    Without rules whoever may answer in Airflow may approve, also a run that he started himself; who
    did both stands in the log and stays with the run.

    :param approval: who said yes, and who started the run.
    :param proposal: what to.
    :param rules: of the environment.
    :param earlier: those that count already.
    :returns: why it does not count; None when it does.
    """
    rules = rules or Rules()
    if approval.by == NOBODY and (rules.four_eyes or rules.approvals > 1):
        return "it has to be known who says it"
    return no_yes(
        rules,
        person(approval.by),
        environment=proposal.environment,
        started_by=proposal.started_by,
        authors=proposal.authors,
        earlier=[one.by for one in earlier],
    )


def check_plan_is_current(look: Callable[[], Fleet], consent: Consent | None, version: str) -> None:
    """Make sure that a person's yes is still about the environment as it is.

    :param look: observes the fleet.
    :param consent: the yes; None where nobody is asked.
    :param version: the release; a swap that was interrupted may have brought it to service.
    :raises PlanOutdated: when another release came in between.
    """
    if consent is None:
        return
    serving, replaces = serving_version(look()) or "", consent.proposal.replaces
    if serving in (replaces, version):
        return
    msg = f"the approved plan replaces {replaces or 'nothing'}, but {serving or 'nothing'} serves"
    raise PlanOutdated(msg, advice="look at what came in between, then trigger a new run")
