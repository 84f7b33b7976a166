"""What started a run, and what a pipeline is told of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from slipway.model.event import Event
from slipway.model.facts import Checkout
from slipway.pipeline.compiler.variables import build_variables, event_of
from slipway.pipeline.yaml.conditions import Conditions
from tests.slipway.operators.releases import make_record

PLAIN = make_record("1").checkout


def variables(event: Event | None, **more: Any) -> dict[str, str]:
    checkout = replace(PLAIN, event=event, **more)
    return build_variables(checkout, event_of(checkout))


@pytest.mark.parametrize(
    ("event", "told"),
    [
        (Event.push("main"), {"DRONE_BUILD_EVENT": "push", "DRONE_BRANCH": "main"}),
        (Event.of_tag("v1.2.0"), {"DRONE_BUILD_EVENT": "tag", "DRONE_TAG": "v1.2.0"}),
        (
            Event.of_schedule("nightly", "main"),
            {"DRONE_BUILD_EVENT": "cron", "DRONE_CRON": "nightly", "DRONE_BRANCH": "main"},
        ),
        (
            Event.promotion("prod", "refs/heads/main"),
            {"DRONE_BUILD_EVENT": "promote", "DRONE_DEPLOY_TO": "prod", "DRONE_BRANCH": "main"},
        ),
        (
            Event.promotion("prod", "refs/tags/v1", back=True),
            {"DRONE_BUILD_EVENT": "rollback", "DRONE_DEPLOY_TO": "prod", "DRONE_TAG": "v1"},
        ),
        (
            Event.pull_request(42, branch="main", source="fix/7", fork=True, title="Mend\nit"),
            {
                "DRONE_BUILD_EVENT": "pull_request",
                "DRONE_BUILD_ACTION": "opened",
                "DRONE_PULL_REQUEST": "42",
                "DRONE_PULL_REQUEST_TITLE": "Mend",
                "DRONE_SOURCE_BRANCH": "fix/7",
                "DRONE_TARGET_BRANCH": "main",
                "DRONE_COMMIT_REF": "refs/pull/42/head",
            },
        ),
        (Event.of_commit("f" * 40), {"DRONE_BUILD_EVENT": "custom", "DRONE_BRANCH": ""}),
    ],
)
def test_a_pipeline_is_told_what_started_it(event: Event, told: dict[str, str]) -> None:
    found = variables(event)
    assert {name: found[name] for name in told} == told
    assert Event.from_json(json.loads(json.dumps(event.to_json()))) == event


@pytest.mark.parametrize("name", ["DRONE_TAG", "DRONE_PULL_REQUEST", "DRONE_CRON"])
def test_a_push_has_none_of_the_others_names(name: str) -> None:
    assert name not in variables(Event.push("42"))


@pytest.mark.parametrize(
    ("event", "branch", "kind"),
    [
        (Event.of_schedule("nightly", "main"), "main", "cron"),
        (Event.pull_request(1, branch="main", source="x", fork=False), "main", "pull_request"),
        (Event.promotion("prod", "refs/heads/main"), "main", "promote"),
    ],
)
def test_conditions_go_by_it(event: Event, branch: str, kind: str) -> None:
    met = event_of(replace(PLAIN, event=event))
    assert not Conditions.model_validate({"event": kind, "branch": branch}).unmet(met, "when")
    assert Conditions.model_validate({"event": "push"}).unmet(met, "when")
    assert Conditions.model_validate({"branch": {"exclude": branch}}).unmet(met, "when")


@pytest.mark.parametrize(("tag", "meant"), [(None, Event.push("main")), ("v1", Event.of_tag("v1"))])
def test_a_checkout_from_before_there_were_events_says_what_it_meant(
    tag: str | None, meant: Event
) -> None:
    kept = {**PLAIN.to_json(), "tag": tag, "branch": "main"}
    del kept["event"]
    checkout = Checkout.from_json(kept)
    assert checkout.event is None
    assert checkout.cause == meant
    assert event_of(checkout).name == meant.kind.value


def test_an_event_of_before_pull_requests_had_numbers_is_read() -> None:
    kept = Event.push("main", by="ada").to_json()
    for name in ("number", "source", "title"):
        del kept[name]
    assert Event.from_json(kept) == Event.push("main", by="ada")
