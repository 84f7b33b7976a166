"""Of the commits that wait, the newest counts; and which that is, git says."""

from __future__ import annotations

import dataclasses

import pytest

from slipway.hooks.store.approvals import Proposal
from slipway.model.git.deliverable import Deliverable
from slipway.tasks.consent import Admission
from slipway.tasks.supersede import BranchOrder, supersede, superseded_by
from tests.fakes.git_server import Repository
from tests.slipway.operators.releases import make_proposal, make_record

MAIN = Deliverable(branch="main")
BOOK = Admission(project="shop", environment="dev", asks=True)


def test_the_order_is_the_histories_and_no_clocks(repository: Repository) -> None:
    first = repository.commit("first")
    second = repository.commit("second")
    repository.git("checkout", "--quiet", "-b", "beside", first)
    beside = repository.commit("beside")
    order = BranchOrder(repository=repository.source, delivered=MAIN)
    assert order.precedes(first, second)
    assert not order.precedes(second, first)
    assert not order.precedes(first, first)
    assert not order.precedes(beside, second)
    assert not order.precedes(second, beside)


def test_a_commit_that_came_through_a_merge_precedes_it(repository: Repository) -> None:
    first = repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "topic", first)
    topic = repository.commit("topic")
    repository.git("checkout", "--quiet", "main")
    repository.git("merge", "--quiet", "--no-ff", "-m", "merge", "topic")
    merge = repository.git("rev-parse", "HEAD").strip()
    assert BranchOrder(repository=repository.source, delivered=MAIN).precedes(topic, merge)


def test_what_no_branch_has_any_more_precedes_nothing(repository: Repository) -> None:
    first = repository.commit("first")
    order = BranchOrder(repository=repository.source, delivered=MAIN)
    assert not order.precedes("0" * 40, first)
    assert not order.precedes(first, "0" * 40)


def test_a_strangers_branch_that_gits_check_refuses_leaves_the_order(
    repository: Repository,
) -> None:
    first = repository.commit("first")
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    repository.git("checkout", "--quiet", "main")
    second = repository.commit("second")
    order = BranchOrder(repository=repository.source, delivered=MAIN)
    assert order.precedes(first, second)
    assert not order.precedes(second, first)


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
