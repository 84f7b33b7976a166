"""A run whose tasks signed what they did."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.operators.record_release import RecordReleaseOperator
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.commit_runs import APT, facts_of
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from slipway.tasks.board.housekeeping import Listed

RUN = FakeTask(dag_id="shop", run_id="commit__1", task_id="record_release")


@pytest.fixture(autouse=True)
def apt(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_APT", json.dumps(APT))


def enter(
    *,
    run: FakeTask = RUN,
    project: str = "shop",
    told: str = "1",
    schema: Any = None,
    environments: dict[str, Listed] | None = None,
) -> None:
    facts = facts_of(make_record(told))
    RecordReleaseOperator(
        task_id="record_release",
        project=project,
        checkout=facts["checkout"].to_json(),
        package=facts["publish_apt"].to_json(),
        tests=facts["test"].to_json(),
        schema=schema,
        environments=environments,
    ).execute(run.context)


def released(project: str = "shop") -> list[str]:
    return ReleaseCatalogue(artifact_store()).versions(project)


def refused(words: str, **more: Any) -> None:
    with pytest.raises(AirflowFailException, match=words) as told:
        enter(**more)
    assert "what to do" in str(told.value)
    assert released() == released("bank") == []
