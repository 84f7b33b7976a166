"""Who holds, stops, rejects and lets go: the login that started the run, if it has the right."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.operators.change_controls import ChangeControlsOperator
from slipway.policies.rights import May
from tests.fakes.airflow_run import FakeTask
from tests.slipway.operators.releases import catalogue

PLACES = {
    "shop": {"dev": May(hold=("dora", "ann")), "prod": May(hold=("ann",))},
    "blog": {"live": May()},
}

pytestmark = pytest.mark.usefixtures("artifacts")


def change(user: str | None = "ann", run: str = "manual__1", **params: Any) -> Any:
    task = FakeTask(dag_id="controls", run_id=run)
    context: Any = {
        **task.context,
        "params": params,
        "dag_run": SimpleNamespace(triggering_user_name=user),
    }
    return ChangeControlsOperator(task_id="change", places=PLACES).execute(context)


def refused(words: str, user: str | None = "ann", **params: Any) -> None:
    with pytest.raises(AirflowFailException, match=words) as told:
        change(user, **params)
    assert "nothing was changed" in str(told.value) or user is None
    assert list(ControlBook(artifact_store()).scopes()) == []


DEV = {"project": "shop", "environment": "dev"}
PROD = {"project": "shop", "environment": "prod"}
WHY = {"why": "the checkout is slow"}


def test_who_started_the_run_is_who_holds_it() -> None:
    change("dora", action="hold", **DEV, **WHY, by="root", triggering_user_name="root")
    held = ControlBook(artifact_store()).of("shop", "dev").hold
    assert held is not None
    assert (held.by, held.why) == ("dora", "the checkout is slow")
    change("ann", "manual__2", action="resume", **DEV)
    assert ControlBook(artifact_store()).of("shop", "dev").hold is None


@pytest.mark.parametrize("action", ["hold", "stop", "resume"])
def test_nobody_does_it_without_the_right(action: str) -> None:
    refused(
        "dora may not hold, resume, stop or reject on shop prod",
        "dora",
        action=action,
        **PROD,
        **WHY,
    )
    refused("nobody is known to have started", None, action=action, **DEV, **WHY)


def test_whoever_holds_one_place_may_stop_all_and_only_who_holds_each_lets_go() -> None:
    change("dora", action="stop", **WHY)
    assert len(ControlBook(artifact_store()).of("blog", "live").stops) == 1
    with pytest.raises(AirflowFailException, match=r"dora may not .* shop prod"):
        change("dora", "manual__2", action="resume")
    change("ann", "manual__3", action="resume")
    assert ControlBook(artifact_store()).of("blog", "live").stops == ()


def test_a_release_is_rejected_by_any_and_accepted_by_those_who_hold_each() -> None:
    catalogue("1.0+1.gaaaaaaa")
    sha = "a" * 7
    change("dora", action="reject", project="shop", version=sha, **WHY)
    book = ControlBook(artifact_store())
    assert list(book.of("shop", "prod").rejected) == ["1.0+1.gaaaaaaa"]
    with pytest.raises(AirflowFailException, match="dora may not"):
        change("dora", "manual__2", action="accept", project="shop", version=sha, **WHY)
    change("ann", "manual__3", action="accept", project="shop", version=sha, **WHY)
    assert book.of("shop", "prod").rejected == {}


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"action": "hld", **DEV, **WHY}, "there is no action 'hld'(?s:.*)did you mean 'hold'"),
        ({"action": "urgent", **DEV, **WHY}, "there is no action 'urgent'"),
        ({"action": "hold", "project": "shp", "environment": "dev", **WHY}, "mean 'shop'"),
        ({"action": "hold", "project": "shop", "environment": "prd", **WHY}, "mean 'prod'"),
        ({"action": "stop", "environment": "prod", **WHY}, "there is no environment 'prod'"),
        ({"action": "hold", "project": "shop", **WHY}, "what is to be held is an environment"),
        ({"action": "cancel", "project": "shop"}, "what is cancelled is a deployment to an"),
        ({"action": "hold", **DEV}, "`why` is empty"),
        ({"action": "stop", **DEV, "why": "  "}, "`why` is empty"),
        ({"action": "reject", **WHY}, "name the project"),
        ({"action": "reject", "project": "shop", **WHY}, "`version` is empty"),
    ],
)
def test_what_is_not_there_is_told(params: dict[str, str], words: str) -> None:
    refused(words, **params)


@pytest.mark.parametrize("right", ["hold", "deploy"])
def test_whoever_may_deploy_or_hold_somewhere_calls_a_deployment_off(right: str) -> None:
    # Of the two the other one is nobody's.
    may = May(**{"hold": (), "deploy": (), right: ("ann",)})
    places = {"shop": {"prod": may}}
    task = FakeTask(dag_id="controls", run_id="manual__1")
    params = {"action": "cancel", **PROD, "run": "manual__7"}

    def cancel(user: str) -> None:
        run = SimpleNamespace(triggering_user_name=user)
        context: Any = {**task.context, "params": params, "dag_run": run}
        ChangeControlsOperator(task_id="change", places=places).execute(context)

    with pytest.raises(AirflowFailException, match="bob may not hold, resume, stop or reject"):
        cancel("bob")
    cancel("ann")
    (one,) = ControlBook(artifact_store()).of("shop", "prod").cancelled
    assert (one.run, one.by, one.why) == ("manual__7", "ann", "")


def test_a_try_that_comes_again_does_it_once() -> None:
    for _ in range(3):
        change(action="stop", **DEV, **WHY, may_pass="bob, role:oncall,")
    (event,) = ControlBook(artifact_store()).events(next(ControlBook(artifact_store()).scopes()))
    assert event.may_pass == ("bob", "role:oncall")
