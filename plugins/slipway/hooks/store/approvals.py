"""What a person is asked, and answered: kept where nobody edits it in Airflow.

An XCom can be edited, and a task marked as successful, by whoever may operate a DAG; what is kept
here is written by tasks alone, and signed, so that whoever writes the bucket says yes to nothing.
A plan has a name of its own each time that it is made, and a yes
counts for the plan of that name.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self

from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.signed_records import SignedRecords
from slipway.hooks.store.signing_keys import RecordKeys, record_keys
from slipway.model.facts import Fact, Json, Release
from slipway.model.text.inert import visible

APPROVE = "Approve"
# The field of the form.
REASON = "reason"
NOBODY = "an unnamed user"


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal(Fact):
    """What a deployment would do, as somebody is asked about it.

    :param name: of this plan alone.
    :param dag_id: of the run that would do it.
    :param run_id: of the same.
    :param environment: where.
    :param release: what would serve.
    :param sha256: of its package.
    :param replaces: the version that serves now; empty for none.
    :param lines: the plan.
    :param made_at: seconds since 1970.
    :param started_by: whoever started the run.
    :param authors: of the release's commits since the one that serves, where nobody may approve his
        own: ``Ann Lee <ann@example.com>``.
    :param at: the time that it is set for, as people read it; empty for as soon as it may.
    """

    name: str
    dag_id: str
    run_id: str
    environment: str
    release: Release
    sha256: str
    replaces: str
    lines: tuple[str, ...]
    made_at: int
    started_by: str
    authors: tuple[str, ...] = ()
    at: str = ""

    @property
    def digest(self) -> str:
        """All of it in a few characters, to be shown and compared."""
        said = self.to_json()
        for name in ("authors", "at"):
            if not said[name]:
                del said[name]  # what was asked before there were any keeps its digest
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:32]


@dataclass(frozen=True, kw_only=True, slots=True)
class Approval(Fact):
    """An answer.

    :param approved: yes or no.
    :param by: the user's name.
    :param at: seconds since 1970.
    :param reason: why; empty where nobody said.
    :param digest: of the :class:`Proposal` that was answered.
    :param started_by: whoever started the run.
    """

    approved: bool
    by: str
    at: int
    reason: str = ""
    digest: str = ""
    started_by: str = ""

    @classmethod
    def of(cls, event: Mapping[str, Any], *, proposal: Proposal | None = None) -> Self:
        """Read what Airflow hands on when somebody answered.

        :param event: of an ``ApprovalOperator``.
        :param proposal: what was answered.
        """
        user = event["responded_by_user"] or {}
        return cls(
            approved=event["chosen_options"] == [APPROVE],
            by=user.get("name") or user.get("id") or NOBODY,
            at=int(event["responded_at"].timestamp()),
            reason=str((event["params_input"] or {}).get(REASON) or "").strip(),
            digest=proposal.digest if proposal else "",
            started_by=proposal.started_by if proposal else "",
        )

    def __str__(self) -> str:
        """Say who decided what, when and why."""
        word = "approved" if self.approved else "rejected"
        at = datetime.fromtimestamp(self.at, UTC)
        why = visible(self.reason, 1000) or "no reason was given"
        return f"{word} by {visible(self.by)} on {at:%Y-%m-%d at %H:%M:%S} UTC: {why}"


class ApprovalBook:
    """The pages of one environment, under ``approvals/<project>/<environment>/``.

    :param store: where they are kept.
    :param project: the project's name.
    :param environment: the environment's name.
    :param keys: gives the keys that they are signed with.
    """

    def __init__(
        self,
        store: ArtifactStore,
        *,
        project: str,
        environment: str,
        keys: Callable[[], RecordKeys] = record_keys,
    ) -> None:
        self._records = SignedRecords(store, keys)
        self._folder = f"approvals/{project}/{environment}"

    def propose(self, proposal: Proposal) -> None:
        """Keep what the run of a proposal asks; an answer to an earlier one counts no more."""
        self._put(_page(proposal.dag_id, proposal.run_id, "proposal"), proposal.to_json())

    def proposal(self, dag_id: str, run_id: str) -> Proposal | None:
        """Return what a run asks, if it does.

        :param dag_id: of the run.
        :param run_id: of the run.
        """
        found = self._get(_page(dag_id, run_id, "proposal"))
        return Proposal.from_json(found) if found else None

    def unanswered(self, approvals: int = 1) -> Iterator[Proposal]:
        """Yield what somebody is still to say something to, in no order; its run may be over since.

        :param approvals: so many people have to say yes; the first no is the last answer.
        """
        store = self._records.store
        for run in store.keys(f"{self._folder}/runs"):
            found = self._get(f"runs/{run}/proposal.json")
            proposal = Proposal.from_json(found) if found else None
            if proposal is not None and self._waits(proposal, approvals):
                yield proposal

    def _waits(self, proposal: Proposal, approvals: int) -> bool:
        for number in range(1, approvals + 1):
            given = self.approval(proposal, number)
            if given is None or not given.approved:
                return given is None
        return False

    def answer(self, proposal: Proposal, approval: Approval, number: int = 1) -> None:
        """Keep an answer to a proposal.

        :param proposal: what was asked.
        :param approval: the answer.
        :param number: which of those that are asked for, from 1.
        """
        self._put(_answer(proposal, number), approval.to_json())

    def approval(self, proposal: Proposal, number: int = 1) -> Approval | None:
        """Return an answer to this very proposal, if there is one.

        :param proposal: what was asked.
        :param number: which of those that are asked for, from 1.
        """
        found = self._get(_answer(proposal, number))
        given = Approval.from_json(found) if found else None
        return given if given and given.digest == proposal.digest else None

    def withdraw(self, proposal: Proposal, number: int = 1) -> None:
        """Let an earlier answer to a proposal count no more, since it is asked again."""
        if self.approval(proposal, number) is not None:
            self._put(_answer(proposal, number), {})

    def every(self) -> Iterator[tuple[Proposal, list[Approval]]]:
        """Yield what was asked in each run, and what was answered to it, in no order.

        :raises RecordRefused: when a page was not signed here.
        """
        for run in self._records.store.keys(f"{self._folder}/runs"):
            names = self._records.store.keys(f"{self._folder}/runs/{run}")
            pages = {name: self._get(f"runs/{run}/{name}") for name in names}
            asked = pages.pop("proposal.json", None)
            if asked:
                answers = [Approval.from_json(one) for one in pages.values() if one]
                yield Proposal.from_json(asked), answers

    def use_up(self, proposal: Proposal, at: int) -> None:
        """Note that the swap of a proposal began.

        :param proposal: what was asked.
        :param at: seconds since 1970.
        """
        self._put(f"used/{proposal.name}.json", {"run_id": proposal.run_id, "at": at})

    def used_at(self, proposal: Proposal) -> int | None:
        """Return when the swap of a proposal began; None if it never did."""
        found = self._get(f"used/{proposal.name}.json")
        return int(found["at"]) if found else None

    def latest(self) -> Proposal | None:
        """Return the last proposal that a commit made."""
        found = self._get("latest.json")
        return Proposal.from_json(found) if found else None

    def supersede(self, proposal: Proposal) -> None:
        """Make a commit's proposal the one that counts."""
        self._put("latest.json", proposal.to_json())

    def _put(self, key: str, value: Json) -> None:
        self._records.put(f"{self._folder}/{key}", value)

    def _get(self, key: str) -> Json | None:
        return self._records.get(f"{self._folder}/{key}")


def _answer(proposal: Proposal, number: int) -> str:
    part = "answer" if number == 1 else f"answer-{number}"
    return _page(proposal.dag_id, proposal.run_id, part)


def _page(dag_id: str, run_id: str, part: str) -> str:
    """Name a page of a run; what somebody called the run may hold anything."""
    run = hashlib.sha256(f"{dag_id}\0{run_id}".encode()).hexdigest()[:32]
    return f"runs/{run}/{part}.json"
