"""One project's mistake in housekeeping is its own, and is told."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import CloudUnavailable, EnvironmentMisconfigured
from slipway.operators.trouble import TellTroubleOperator, own_trouble
from tests.fakes.airflow_run import FakeTask

SHOP, BLOG = "retire_standbys.shop.dev", "retire_standbys.blog.dev"


def tell(states: dict[str, str], trouble: dict[str, str]) -> Any:
    ti = SimpleNamespace(
        dag_id="housekeeping",
        run_id="r",
        get_task_states=lambda **_: {"r": states},
        xcom_pull=lambda *, task_ids, key: trouble.get(task_ids) if key == "trouble" else None,
    )
    context: Any = {"ti": ti}
    return TellTroubleOperator(task_id="tell_trouble").execute(context)


def test_a_projects_mistake_is_a_warning_and_no_failure_of_the_run(
    capsys: pytest.CaptureFixture[str],
) -> None:
    states = {SHOP: "failed", BLOG: "success", "tell_trouble": "running"}
    told = tell(states, {SHOP: "the cloud has no target group 'shop-dve'"})
    assert told == {SHOP: "the cloud has no target group 'shop-dve'"}
    out = capsys.readouterr().out
    assert f"{SHOP}: the cloud has no target group 'shop-dve'" in out
    assert "warning" in out


def test_what_is_nobodys_mistake_fails_the_run() -> None:
    states = {SHOP: "failed", BLOG: "failed", "renew_apt_release": "success"}
    with pytest.raises(AirflowFailException, match=rf"no project file is to blame: {BLOG}$"):
        tell(states, {SHOP: "the cloud has no target group 'shop-dve'"})


def test_without_trouble_there_is_nothing_to_tell() -> None:
    assert tell({SHOP: "success", BLOG: "skipped"}, {}) == {}


def test_a_mistake_is_noted_and_bad_weather_is_not() -> None:
    task = FakeTask()
    with pytest.raises(AirflowFailException, match="no target group"), own_trouble(task.context):
        raise EnvironmentMisconfigured("the cloud has no target group 'x'", advice="make it")  # noqa: EM101
    assert task.xcoms["trouble"].startswith("the cloud has no target group 'x'")
    other = FakeTask()
    with pytest.raises(CloudUnavailable), own_trouble(other.context):
        raise CloudUnavailable("away")  # noqa: EM101
    assert other.xcoms == {}
