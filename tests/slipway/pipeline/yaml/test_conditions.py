from __future__ import annotations

import pytest

from slipway.pipeline.load import load
from slipway.pipeline.yaml.conditions import Condition, Conditions, Event, RunPolicy


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        ("main", "main", True),
        ("main", "mainline", False),
        ("feature/*", "feature/a", True),
        ("feature/*", "feature/a/b", False),
        ("*", "feature/a", False),
        ("refs/heads/**", "refs/heads/a/b", True),
        ("**", "a/b", True),
        ("refs/pull/*/head", "refs/pull/42/head", True),
        ("**/head", "head", True),
        ("v?.0", "v1.0", True),
        ("v?.0", "v10.0", False),
        ("v[0-9]", "v3", True),
        ("v[!0-9]", "v3", False),
        ("{main,develop}", "develop", True),
        ("{main,rel-*}", "rel-2", True),
        ("a+b", "a+b", True),
        ("a.b", "axb", False),
        (r"a\*", "a*", True),
        ("[", "[", True),
        ("{a", "{a", True),
        ("", "", True),
    ],
)
def test_globs(pattern: str, value: str, matches: bool) -> None:
    assert Condition(include=(pattern,)).matches(value) is matches


def test_exclude_wins_over_include() -> None:
    condition = Condition(include=("release/*",), exclude=("release/old",))
    assert condition.matches("release/new")
    assert not condition.matches("release/old")
    assert not condition.matches("main")


def test_exclude_alone_lets_everything_else_pass() -> None:
    assert Condition(exclude=("main",)).matches("anything")


@pytest.mark.parametrize("form", ["main", ["main"], {"include": ["main"]}, {"include": "main"}])
def test_the_forms_of_a_condition(form: object) -> None:
    assert Conditions.model_validate({"branch": form}).branch.include == ("main",)


def test_all_conditions_must_hold() -> None:
    conditions = Conditions.model_validate({"branch": "main", "event": ["push", "tag"]})
    assert conditions.unmet(Event(branch="main"), "when") == ""
    unmet = conditions.unmet(Event(branch="dev"), "when")
    assert unmet == "when.branch is [main], the build's is dev"
    unmet = conditions.unmet(Event(name="cron", branch="main"), "trigger")
    assert unmet == "trigger.event is [push, tag], the build's is cron"


def test_what_is_excluded_is_told_as_such_and_long_lists_are_cut() -> None:
    conditions = Conditions.model_validate({"branch": {"include": "f/*", "exclude": ["f/x"]}})
    unmet = conditions.unmet(Event(branch="f/x"), "when")
    assert unmet == "when.branch is [f/*] and excludes [f/x], the build's is f/x"
    conditions = Conditions.model_validate({"branch": [f"b{n}" for n in range(1000)]})
    assert len(conditions.unmet(Event(branch="f/x"), "when")) < 300


@pytest.mark.parametrize("name", ["ref", "repo", "target", "cron", "action", "instance"])
def test_each_value_of_an_event_is_looked_at(name: str) -> None:
    conditions = Conditions.model_validate({name: "wanted"})
    values = {name: "wanted"}
    assert conditions.unmet(Event(**values), "when") == ""  # type: ignore[arg-type]
    unmet = conditions.unmet(Event(), "when")
    assert unmet == f"when.{name} is [wanted], the build's is empty"


@pytest.mark.parametrize(
    ("status", "policy"),
    [
        ([], RunPolicy.ON_SUCCESS),
        (["success"], RunPolicy.ON_SUCCESS),
        (["failure"], RunPolicy.ON_FAILURE),
        (["success", "failure"], RunPolicy.ALWAYS),
        ({"exclude": ["success"]}, RunPolicy.ON_FAILURE),
        ({"exclude": ["failure"]}, RunPolicy.ON_SUCCESS),
    ],
)
def test_status_says_when_to_run(status: object, policy: RunPolicy) -> None:
    assert Conditions.model_validate({"status": status}).policy() is policy


@pytest.mark.parametrize("key", ["branch", "event", "ref", "status", "target"])
def test_a_condition_without_a_value_is_none(key: str) -> None:
    step = f"{{name: a, image: b, when: {{{key}: ~}}}}"
    text = f"kind: pipeline\ntrigger: {{{key}: }}\nsteps: [{step}]\n"
    (pipeline,) = load(text.encode(), file="f", trusted=False).pipelines
    assert pipeline.trigger == pipeline.steps[0].when == Conditions()
