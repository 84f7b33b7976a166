"""What a task signed counts until it is run again."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import FactMissing
from slipway.model.git.repository import Repository
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.checkout import CheckoutOperator
from slipway.operators.publish_apt import PublishAptOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.kept_facts import kept_fact
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import facts_of, sign_all
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from collections.abc import Callable

RUN = FakeTask(dag_id="shop", run_id="commit__1", task_id="")
FACTS = facts_of(make_record("1"))
# None of these tasks can succeed: git refuses the URL, and there is no apt repository.
COMMIT: dict[str, Any] = {
    "checkout": FACTS["checkout"].to_json(),
    "repository": Repository(url="ext::sh"),
}
TASKS: dict[str, Callable[[], Any]] = {
    "checkout": lambda: CheckoutOperator(
        task_id="checkout",
        project="shop",
        repository=Repository(url="ext::sh"),
        ref="",
        branch="main",
    ),
    "test": lambda: RunPipelineOperator(task_id="test", **COMMIT),
    "rehearse_migrations": lambda: GooseRehearseOperator(
        task_id="rehearse_migrations", directory="migrations", postgres=15, **COMMIT
    ),
    "build_deb": lambda: BuildDebOperator(
        task_id="build_deb", package="shop", nfpm_file="nfpm.yaml", unit="shop.service", **COMMIT
    ),
    "publish_apt": lambda: PublishAptOperator(
        task_id="publish_apt", deb=FACTS["build_deb"].to_json()
    ),
}


@pytest.mark.usefixtures("artifacts")
@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_fails_when_it_is_cleared_counts_no_more_as_what_it_was(name: str) -> None:
    sign_all(RUN, "1")
    task = dataclasses.replace(RUN, task_id=name)
    assert kept_fact(task.context, name).release.version == "1"
    with pytest.raises(AirflowFailException):
        TASKS[name]().execute(task.context)
    with pytest.raises(FactMissing, match=f"{name} signed nothing"):
        kept_fact(task.context, name)
