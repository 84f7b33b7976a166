"""A yes is kept, and found again for what it was said to."""

from __future__ import annotations

import hashlib
import json
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.store.approvals import Approval, ApprovalBook, Proposal
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Release
from tests.slipway.operators.releases import make_proposal


@pytest.fixture
def book(artifacts: Path) -> ApprovalBook:
    return ApprovalBook(artifact_store(), project="shop", environment="dev")


def yes(proposal: Proposal) -> Approval:
    return Approval(approved=True, by="Ada", at=1, digest=proposal.digest, started_by="Bob")


def test_a_proposal_and_its_answer_are_found_again(book: ApprovalBook) -> None:
    proposal = make_proposal("2")
    book.propose(proposal)
    book.answer(proposal, yes(proposal))
    found = book.proposal("shop.dev", "manual__1")
    assert found == proposal
    assert book.approval(proposal) == yes(proposal)
    assert book.proposal("shop.dev", "manual__2") is None
    assert book.proposal("shop.prod", "manual__1") is None


_OTHER: dict[str, Any] = {
    "name": "x",
    "dag_id": "x",
    "run_id": "x",
    "environment": "x",
    "release": Release(project="shop", sha="f" * 40, version="2"),
    "sha256": "x",
    "replaces": "x",
    "lines": ("x",),
    "made_at": 9,
    "started_by": "x",
    "authors": ("x <x@x>",),
    "at": "2026-12-01 06:00 UTC",
}


@pytest.mark.parametrize("field", [field.name for field in fields(Proposal)])
def test_a_yes_is_to_all_that_was_shown(book: ApprovalBook, field: str) -> None:
    proposal = make_proposal("2")
    book.answer(proposal, yes(proposal))
    other = replace(proposal, **{field: _OTHER[field]})
    assert other.digest != proposal.digest
    assert book.approval(other) is None


@pytest.mark.parametrize("run_id", ["../../x", "a/b", "manual__2026-11-26T12:00:00+00:00", "."])
def test_a_run_may_be_called_anything(book: ApprovalBook, artifacts: Path, run_id: str) -> None:
    proposal = make_proposal("2", run_id=run_id)
    book.propose(proposal)
    assert book.proposal("shop.dev", run_id) == proposal
    (page,) = [path for path in artifacts.rglob("*.json")]
    assert page.parent.parent == artifacts / "approvals" / "shop" / "dev" / "runs"


def test_a_proposal_is_used_up_once(book: ApprovalBook) -> None:
    proposal = make_proposal("2")
    assert book.used_at(proposal) is None
    book.use_up(proposal, 7)
    assert book.used_at(proposal) == 7
    assert book.used_at(replace(proposal, name="another")) is None


def test_who_said_what_is_one_line() -> None:
    given = Approval(approved=True, by="Ada\nEve", at=0, reason="all\nis well\u202e")
    assert str(given) == (
        "approved by Ada<U+000A>Eve on 1970-01-01 at 00:00:00 UTC: all<U+000A>is well<U+202E>"
    )


def test_who_writes_the_bucket_says_yes_to_nothing(book: ApprovalBook, artifacts: Path) -> None:
    """Neither by a yes of his own, nor by one that was said in another run."""
    asked, other = make_proposal("2"), make_proposal("3", run_id="manual__2", name="plan-3")
    for proposal in (asked, other):
        book.propose(proposal)
    book.answer(other, yes(other))
    (answered,) = artifacts.rglob("answer.json")
    forged = next(
        page for page in artifacts.rglob("proposal.json") if page.parent != answered.parent
    )
    for words in (answered.read_text(), json.dumps(yes(asked).to_json())):
        forged.with_name("answer.json").write_text(words)
        with pytest.raises(RecordRefused):
            book.approval(asked)


def test_what_was_asked_before_authors_and_times_keeps_its_digest(book: ApprovalBook) -> None:
    """A run waits for its yes over an upgrade."""
    old = make_proposal("2").to_json()
    del old["authors"], old["at"]
    said = hashlib.sha256(json.dumps(old, sort_keys=True).encode()).hexdigest()[:32]
    assert Proposal.from_json(old).digest == said


def test_where_two_have_to_say_yes_one_yes_leaves_the_question_open(book: ApprovalBook) -> None:
    asked = make_proposal("2")
    book.propose(asked)
    assert list(book.unanswered(2)) == [asked]
    book.answer(asked, yes(asked))
    assert (list(book.unanswered(2)), list(book.unanswered())) == ([asked], [])
    book.answer(asked, yes(asked), 2)
    assert list(book.unanswered(2)) == []


@pytest.mark.parametrize("number", [1, 2])
def test_whoever_says_no_first_is_the_last_who_is_asked(book: ApprovalBook, number: int) -> None:
    asked = make_proposal("2")
    book.propose(asked)
    for earlier in range(1, number):
        book.answer(asked, yes(asked), earlier)
    book.answer(asked, replace(yes(asked), approved=False), number)
    assert list(book.unanswered(3)) == []


def test_a_second_yes_that_is_asked_for_again_leaves_the_question_open(book: ApprovalBook) -> None:
    asked = make_proposal("2")
    book.propose(asked)
    for number in (1, 2):
        book.answer(asked, yes(asked), number)
    book.withdraw(asked, 2)
    assert list(book.unanswered(2)) == [asked]
