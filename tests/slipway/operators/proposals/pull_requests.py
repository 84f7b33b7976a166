"""A pull request, and the run that checks it out."""

from __future__ import annotations

from typing import Any

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.model.facts import Checkout
from slipway.operators.proposals.checkout_proposal import CheckoutProposalOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.git_server import Repository

RUN = FakeTask(dag_id="shop.pr", run_id="pr__7__x", task_id="checkout")


TITLE = "$(id); {{ 7*7 }} \u202e"


def pull_request(**fields: Any) -> Event:
    known: dict[str, Any] = {"branch": "main", "source": "topic", "fork": True, "title": TITLE}
    return Event.pull_request(7, **{**known, **fields})


def check_out(
    repository: Repository, ref: str = "refs/heads/main", said: tuple[Event, str] | None = None
) -> Checkout:
    if said is not None:
        RunFacts(artifact_store(), dag_id=RUN.dag_id, run_id=RUN.run_id).announce(*said)
    operator = CheckoutProposalOperator(
        task_id="checkout", project="shop", repository=repository.source, ref=ref, branch="main"
    )
    return Checkout.from_json(operator.execute(RUN.context))
