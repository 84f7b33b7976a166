"""Of the commits that wait for a yes, the newest is asked about."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from slipway.model.git.deliverable import Deliverable
from slipway.tasks.consent import Admission
from slipway.tasks.order.branch_order import BranchOrder
from slipway.tasks.order.newest_approval import supersede, superseded_by
from tests.slipway.operators.releases import make_proposal, make_record

if TYPE_CHECKING:
    from slipway.hooks.store.approvals import Proposal
    from tests.fakes.git_server import Repository

MAIN = Deliverable(branch="main")
BOOK = Admission(project="shop", environment="dev", asks=True)


@pytest.mark.usefixtures("artifacts")
def test_what_waits_is_superseded_by_what_comes_after_it_alone(repository: Repository) -> None:
    shas = [repository.commit(name) for name in ("first", "second", "third")]
    order, book = BranchOrder(repository=repository.source, delivered=MAIN), BOOK.book

    def come(number: int) -> str | None:
        release = make_record(str(number)).checkout.release
        told = {"project": release.project, "version": release.version, "sha": shas[number - 1]}
        proposal = make_proposal(str(number), release=type(release)(**told))
        return supersede(book, proposal, None, order)

    assert come(2) is None
    assert superseded_by(book, make_proposal("2")) is None
    assert come(1) == "2"
    assert come(3) is None
    assert superseded_by(book, make_proposal("2")) == "3"
    assert superseded_by(book, make_proposal("3")) is None


@pytest.mark.usefixtures("artifacts")
@pytest.mark.parametrize("serves", [False, True])
def test_what_a_force_push_dropped_supersedes_nothing(
    repository: Repository, *, serves: bool
) -> None:
    first, dropped = repository.commit("first"), repository.commit("dropped")
    order, book = BranchOrder(repository=repository.source, delivered=MAIN), BOOK.book

    def proposal(version: str, sha: str) -> Proposal:
        told = make_record(version).checkout.release
        return make_proposal(version, release=dataclasses.replace(told, sha=sha))

    serving = ("2", dropped) if serves else None
    if not serves:
        assert supersede(book, proposal("2", dropped), None, order) is None
    assert supersede(book, proposal("1", first), serving, order) == "2"
    repository.git("reset", "--quiet", "--hard", first)
    assert supersede(book, proposal("1", first), serving, order) is None
    assert superseded_by(book, proposal("2", dropped)) == "1"


@pytest.mark.usefixtures("artifacts")
def test_a_branch_that_is_delivered_as_well_keeps_its_commits_say(repository: Repository) -> None:
    first, dropped = repository.commit("first"), repository.commit("kept by a tag")
    repository.git("tag", "v2.0.0")
    repository.git("reset", "--quiet", "--hard", first)
    tagged = Deliverable(branch="main", tags=("v*",))
    assert BranchOrder(repository=repository.source, delivered=tagged).has(dropped)
    assert not BranchOrder(repository=repository.source, delivered=MAIN).has(dropped)


def test_as_long_as_nobody_can_say_a_commit_counts(repository: Repository) -> None:
    first = repository.commit("first")
    missing = Deliverable(branch="gone")
    assert BranchOrder(repository=repository.source, delivered=missing).has(first)
