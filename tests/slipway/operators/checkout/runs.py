"""A run that checks a commit out, as its tests start it."""

from __future__ import annotations

from slipway.model.facts import Checkout
from slipway.operators.checkout import CheckoutOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository

RUN = FakeTask(dag_id="shop", run_id="commit__1", task_id="checkout")


def check_out(repository: Repository, ref: str, run: FakeTask = RUN) -> Checkout:
    operator = CheckoutOperator(
        task_id="checkout", project="shop", repository=repository.source, ref=ref, branch="main"
    )
    return Checkout.from_json(operator.execute(run.context))
