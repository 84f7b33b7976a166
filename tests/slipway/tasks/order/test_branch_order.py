"""A branch's history says which of two commits came first, and no clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

from slipway.model.git.deliverable import Deliverable
from slipway.tasks.order.branch_order import BranchOrder

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

MAIN = Deliverable(branch="main")


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
