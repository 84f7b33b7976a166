"""News that nobody left, and what keeps others from being sent."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from airflow.sdk.exceptions import AirflowFailException, TaskDeferred

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import note_finds, note_hook
from slipway.hooks.store.notes.news import NewsNotes
from slipway.hooks.store.outcomes import DeploymentOutcomes
from slipway.model.facts.outcome import DeploymentNote, Outcome
from slipway.model.git.repository import Repository
from slipway.model.news.channel import ChannelKind, NewsChannel, NewsRoutes
from slipway.model.news.memory import Place, Result
from slipway.model.news.note import NewsNote
from slipway.operators.news.send import SendNewsOperator
from slipway.operators.news.settle import NewsSource, SettleNewsOperator
from slipway.tasks.news.remember import let_count
from slipway.triggers.news import NewsTrigger
from tests.slipway.operators.releases import catalogue, make_record

pytestmark = pytest.mark.usefixtures("artifacts")

NOW = 1_800_000_000.0
TEAM = NewsChannel(name="team", kind=ChannelKind.SLACK, connection="team")
ROUTES = NewsRoutes(project="shop", channels=(TEAM,), continuous="dev")
SOURCE = NewsSource(
    routes=ROUTES,
    repository=Repository(url="git://127.0.0.1:9/none"),
    environments=("dev", "prod"),
)


def settle(now: float = NOW, *sources: NewsSource) -> None:
    context: Any = {"ti": SimpleNamespace(xcom_push=lambda **_: None)}
    every = sources or (SOURCE,)
    SettleNewsOperator(task_id="settle", sources=every, clock=lambda: now).execute(context)


def told() -> list[NewsNote]:
    return list(NewsNotes(artifact_store()).waiting(pytest.fail))


def events() -> list[str]:
    return [one.events[0].value for one in told()]


def rolled_back(at: float, swap: str) -> None:
    outcomes = DeploymentOutcomes(artifact_store(), lambda: at)
    for outcome in (Outcome.STARTED, Outcome.ROLLED_BACK):
        note = DeploymentNote(
            release=make_record("1.4.0+2.g2222222").checkout.release,
            environment="prod",
            outcome=outcome,
            at=0.0,
            dag_id="shop.prod",
            run_id="r",
        )
        outcomes.note(swap * 32, note)


def test_a_roll_back_whose_task_was_killed_is_told_and_old_ones_are_not() -> None:
    catalogue("1.4.0+2.g2222222")
    rolled_back(NOW - 300, "a")
    settle(NOW)  # the first look: what was before is no news
    assert events() == []
    rolled_back(NOW + 60, "b")
    for minutes in range(3):
        settle(NOW + 600 + minutes)
    assert events() == ["rolled_back"]


def test_people_are_reminded_once_a_day() -> None:
    bad = Result(passed=False, at=NOW, sha="b" * 40, version="1")
    let_count(artifact_store(), ROUTES, Place(branch="main"), bad)
    for hour in range(30):
        settle(NOW + hour * 3600)
    assert events() == ["broke", "still_broken"]


def test_what_a_killed_task_remembered_is_left() -> None:
    bad = Result(passed=False, at=NOW, sha="b" * 40, version="1")
    let_count(artifact_store(), ROUTES, Place(branch="main"), bad)
    artifact_store().delete(f"news/waiting/{told()[0].name}.json")
    settle()
    assert events() == ["broke"]


def test_hooks_that_stopped_are_told_once_until_the_next_one_comes() -> None:
    store, now = artifact_store(), datetime.fromtimestamp(NOW, UTC)
    note_hook(store, "shop", "bitbucket", now - timedelta(days=1))
    settle()
    assert events() == []
    note_finds(store, "shop", [now - timedelta(hours=2), now - timedelta(hours=1)])
    for minutes in range(3):
        settle(NOW + minutes * 600)
    assert events() == ["hooks_stopped"]
    assert "shop: webhooks have stopped coming" in told()[0].why
    note_hook(store, "shop", "bitbucket", now + timedelta(hours=1))
    later = now + timedelta(days=1)
    note_finds(store, "shop", [later, later + timedelta(hours=1)])
    settle(NOW + 3 * 86400)
    assert events() == ["hooks_stopped", "hooks_stopped"]


def test_one_projects_trouble_is_not_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    other = NewsSource(
        routes=NewsRoutes(project="blog", channels=(TEAM,)),
        repository=SOURCE.repository,
        environments=(),
    )
    store = artifact_store()
    store.put("news/since/shop.json", b"{")
    now = datetime.fromtimestamp(NOW, UTC)
    note_hook(store, "blog", "github", now - timedelta(days=1))
    note_finds(store, "blog", [now - timedelta(hours=2), now - timedelta(hours=1)])
    settle(NOW, SOURCE, other)
    assert [one.project for one in told()] == ["blog"]


def test_a_channel_that_refuses_is_a_warning_of_housekeeping() -> None:
    notes = NewsNotes(artifact_store())
    notes.tell_trouble("shop", "team", "Slack answers 404")
    notes.tell_trouble("gone", "team", "of a project that is no more")
    with pytest.raises(AirflowFailException, match=r"shop\.team: Slack answers 404") as failed:
        settle()
    assert "gone" not in str(failed.value)
    notes.tell_trouble("shop", "team", "")
    settle()


def test_the_sender_waits_in_the_triggerer() -> None:
    with pytest.raises(TaskDeferred) as left:
        SendNewsOperator(task_id="send_news").execute({})
    assert isinstance(left.value.trigger, NewsTrigger)
    path, arguments = left.value.trigger.serialize()
    assert path == "slipway.triggers.news.NewsTrigger"

    async def fired() -> Any:
        async for event in NewsTrigger(**{**arguments, "until": time.time() - 1}).run():
            return event.payload
        return None

    assert asyncio.run(fired()) == {"over": True}
