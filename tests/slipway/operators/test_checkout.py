from __future__ import annotations

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import RepositoryUnreachable
from slipway.facts import Checkout
from slipway.operators.checkout import CheckoutOperator
from tests.fakes.git_server import Repository


def _checkout(url: str, ref: str) -> Checkout:
    operator = CheckoutOperator(task_id="checkout", project="shop", url=url, ref=ref, branch="main")
    return Checkout.from_json(operator.execute({}))


def test_a_tag_a_branch_and_a_sha(repository: Repository) -> None:
    sha = repository.commit("Subject")
    repository.git("tag", "v1.2.3")
    repository.git("branch", "topic")
    tag, branch, plain = (_checkout(repository.url, ref) for ref in ("v1.2.3", "topic", sha))
    assert {found.release.sha for found in (tag, branch, plain)} == {sha}
    assert tag.release.version == f"1.2.3+0.g{sha[:7]}"
    assert (tag.tag, tag.branch) == ("v1.2.3", "main")
    assert (branch.tag, branch.branch) == (None, "topic")
    assert (plain.tag, plain.branch) == (None, "main")


def test_no_ref_means_the_delivered_branch(repository: Repository) -> None:
    sha = repository.commit()
    assert _checkout(repository.url, "").release.sha == sha


@pytest.mark.parametrize("ref", ["absent", "--upload-pack=x", "0" * 40, "{{ 7 * 7 }}"])
def test_a_ref_that_is_not_there_fails_for_good(repository: Repository, ref: str) -> None:
    repository.commit()
    with pytest.raises(AirflowFailException):
        _checkout(repository.url, ref)


def test_a_server_that_is_away_is_worth_another_try() -> None:
    with pytest.raises(RepositoryUnreachable):
        _checkout("git://127.0.0.1:1/x", "main")
