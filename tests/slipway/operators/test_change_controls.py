"""Who holds, stops, rejects and lets go: the login that started the run, if it has the right."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.controls import ControlBook
from slipway.hooks.store.runs.facts import RunFacts
from slipway.model.controls import Action, ControlEvent
from slipway.operators.change_controls import ChangeControlsOperator, _words
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
SEVENTH = ("shop.prod", "manual__7")
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
    task = FakeTask(dag_id="controls", run_id="manual__1", states={SEVENTH: "running"})
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


@pytest.mark.parametrize("user", ["ann", "bob"])
def test_where_nobody_is_named_who_may_deploy_whoever_may_hold_calls_it_off(user: str) -> None:
    if user == "ann":
        change(user, action="cancel", **PROD)
        return
    refused("bob may not hold, resume, stop or reject", user, action="cancel", **PROD)


def cancel_the_seventh(state: str = "", run: str = "c1", **context: Any) -> None:
    states = {SEVENTH: state} if state else {("shop.dev", SEVENTH[1]): "running"}
    task = FakeTask(dag_id="controls", run_id=run, states=states)
    given: Any = {
        **task.context,
        "params": {"action": "cancel", **PROD, "run": SEVENTH[1]},
        "dag_run": SimpleNamespace(triggering_user_name="ann"),
    }
    ChangeControlsOperator(task_id="change", places=PLACES).execute(given)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ("", r"there is no run manual__7 of shop\.prod"),
        ("success", "has ended by now"),
        ("failed", "has ended by now"),
    ],
)
def test_a_run_that_is_not_there_or_has_ended_is_not_cancelled(state: str, words: str) -> None:
    with pytest.raises(AirflowFailException, match=words):
        cancel_the_seventh(state)
    assert list(ControlBook(artifact_store()).scopes()) == []


def test_a_run_that_has_begun_its_change_is_not_cancelled() -> None:
    RunFacts(artifact_store(), dag_id=SEVENTH[0], run_id=SEVENTH[1]).begin_swap("2", "one")
    with pytest.raises(AirflowFailException, match="manual__7 has begun its change of prod"):
        cancel_the_seventh("running")
    assert list(ControlBook(artifact_store()).scopes()) == []


@pytest.mark.parametrize("state", ["queued", "running"])
def test_one_that_waits_is_cancelled_by_its_name_and_once_more_when_it_has_ended_of_it(
    state: str,
) -> None:
    cancel_the_seventh(state)
    cancel_the_seventh("failed")
    (one,) = ControlBook(artifact_store()).of("shop", "prod").cancelled
    assert (one.run, one.by) == (SEVENTH[1], "ann")


def test_the_log_names_the_run_that_is_cancelled() -> None:
    event = ControlEvent(
        action=Action.CANCEL,
        by="ann",
        at=0,
        why="",
        dag_id="controls",
        run_id="c1",
        project="shop",
        environment="prod",
        run="manual__7",
    )
    assert list(_words(event)) == ["cancel shop prod: manual__7 by ann"]
    every = replace(event, run="")
    assert list(_words(every)) == ["cancel shop prod: each that waits for its time by ann"]


def test_a_try_that_comes_again_does_it_once() -> None:
    for _ in range(3):
        change(action="stop", **DEV, **WHY, may_pass="bob, role:oncall,")
    (event,) = ControlBook(artifact_store()).events(next(ControlBook(artifact_store()).scopes()))
    assert event.may_pass == ("bob", "role:oncall")
