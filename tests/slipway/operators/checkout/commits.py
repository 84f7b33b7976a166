"""The operator, told which commit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway.model.facts import Checkout
from slipway.model.git.repository import Repository as GitRepository
from slipway.operators.checkout import CheckoutOperator

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository


def check_out(url: str, ref: str, *, context: Any = None, **more: Any) -> Checkout:
    operator = CheckoutOperator(
        task_id="checkout",
        project="shop",
        repository=GitRepository(url=url),
        ref=ref,
        branch="main",
        **more,
    )
    given: Any = context or {}
    return Checkout.from_json(operator.execute(given))


def attack(repository: Repository, branch: str = "attack") -> str:
    """Commit something that nobody reviewed to a branch of its own."""
    repository.git("checkout", "--quiet", "-B", branch)
    sha = repository.commit(readme=f"nobody's {branch}")
    repository.git("checkout", "--quiet", "main")
    return sha
