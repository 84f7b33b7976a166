"""What a run was made for says whether it goes on to an environment."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowSkipException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.event import Event
from slipway.operators.watching.check_event import CheckEventOperator

SHA = "a" * 40

pytestmark = pytest.mark.usefixtures("artifacts")


def check(event: Event | None) -> None:
    if event is not None:
        RunFacts(artifact_store(), dag_id="shop", run_id="run").announce(event, SHA)
    context: Any = {"ti": SimpleNamespace(dag_id="shop", run_id="run")}
    CheckEventOperator(task_id="check_event").execute(context)


def test_a_tags_run_ends_with_its_release() -> None:
    with pytest.raises(AirflowSkipException, match="deployed by hand"):
        check(Event.of_tag("v1.4.0"))


@pytest.mark.parametrize("event", [Event.push("main"), None], ids=["push", "by hand"])
def test_any_other_run_goes_on(event: Event | None) -> None:
    check(event)
