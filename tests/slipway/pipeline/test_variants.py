"""Small pipeline files of the kinds that people write, and what Drone makes of each.

Beside the tables of ``as_drone_does``, which have a row for each construct: these are the ways in
which constructs are written.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec, StepSpec
from slipway.pipeline.load import load
from slipway.pipeline.yaml.conditions import Event
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

VARIABLES = {
    "DRONE_BRANCH": "main",
    "DRONE_TAG": "v1.2.3",
    "DRONE_REPO": "acme/shop",
    "DRONE_COMMIT_SHA": "0123456789abcdef",
}


def compiled(text: str, **event: Any) -> BuildSpec:
    whole = text if "kind" in text else f"kind: pipeline\n{text}"
    usual = {"branch": "main", "ref": "refs/heads/main", "repo": "acme/shop"}
    build = Build(id="x", event=Event(**{**usual, **event}), variables=VARIABLES)
    return compile_file(load(whole.encode(), file="f", trusted=False), build)


def step_of(text: str, **event: Any) -> StepSpec:
    steps = [one for pipeline in compiled(text, **event).pipelines for one in pipeline.steps]
    return steps[0]


def a(more: str) -> str:
    return f"steps: [{{name: a, image: i, {more}}}]"


Shown = Callable[[StepSpec], object]


def variable(name: str) -> Shown:
    return lambda step: step.container.environment.get(name)


def script(step: StepSpec) -> object:
    shown = step.container.environment["DRONE_SCRIPT"].partition("set -e\n")[2]
    return [line for line in shown.splitlines() if not line.startswith("printf '+")]


WRITTEN: list[tuple[str, Shown, object]] = [
    (a("user: 1000"), lambda step: step.container.user, "1000"),
    (a("user: !!int 5"), lambda step: step.container.user, "5"),
    ("? steps\n: [{name: a, image: i}]", lambda step: step.container.image, "i"),
    ('{"kind":"pipeline","steps":[{"name":"a","image":"i"}]}', lambda step: step.name, "a"),
    ("%YAML 1.1\n---\nkind: pipeline\nsteps: [{name: a, image: i}]\n...", lambda s: s.name, "a"),
    (a("commands: [true, 1.50, ~]"), script, ["true", "1.50", ""]),
    (
        "steps:\n- name: a\n  image: i\n  commands:\n  - >-\n    echo a\n    b\n",
        script,
        ["echo a b"],
    ),
    (
        "steps:\n- name: a\n  image: i\n  commands:\n  - | # note\n    echo a\n",
        script,
        ["echo a", ""],
    ),
    ("steps:\n- name: a\n  image: i\n  commands:\n  - echo a\n    b\n", script, ["echo a b"]),
    (a('commands: ["echo \\x41"]'), script, ["echo A"]),
    (a("commands: ['it''s']"), script, ["it's"]),
    ("steps:\r\n- name: a\r\n  image: i\r\n  commands:\r\n  - echo a\r\n", script, ["echo a"]),
    (a("environment: {A: 0777}"), variable("A"), "0777"),
    (a("environment: {A: yes}"), variable("A"), "yes"),
    (a("environment: {A: ~}"), variable("A"), None),
    (a("environment: {y: x}"), variable("y"), "x"),
    (a("environment: {1: x}"), variable("1"), "x"),
    ("environment: {A: 1}\n" + a("environment: {A: 2}"), variable("A"), "2"),
    ("x-e: &e {A: '1'}\n" + a("environment: {A: '3', <<: *e}"), variable("A"), "3"),
    (
        "x-a: &a {image: j}\nx-b: &b {user: u}\nsteps: [{name: a, <<: [*a, *b]}]",
        lambda step: (step.container.image, step.container.user),
        ("j", "u"),
    ),
    (a("settings: {tags: [1.0, latest, true]}"), variable("PLUGIN_TAGS"), "1.0,latest,true"),
    (
        a("settings: {m: {b: 1, a: [x], d: ~}}"),
        variable("PLUGIN_M"),
        '{"a":["x"],"b":1,"d":null}',
    ),
    (a("settings: {m: [{a: 1}, b]}"), variable("PLUGIN_M"), '[{"a":1},"b"]'),
    (a("settings: {m: }"), variable("PLUGIN_M"), None),
    (a("settings: {m: off}"), variable("PLUGIN_M"), "false"),
    (a("settings: {m: 'off'}"), variable("PLUGIN_M"), "off"),
    (a("settings: {dry-run: true}"), variable("PLUGIN_DRY-RUN"), "true"),
    (a("environment: {A: '${NOPE:-1}'}"), variable("A"), "1"),
    (a("environment: {A: '${DRONE_COMMIT_SHA:0:7}'}"), variable("A"), "0123456"),
    (a("environment: {A: '${DRONE_TAG%.*}'}"), variable("A"), "v1.2"),
    (a("environment: {A: '${DRONE_TAG//./-}'}"), variable("A"), "v1-2-3"),
    (a("environment: {A: '${DRONE_REPO//\\//-}'}"), variable("A"), "acme-shop"),
    (a("environment: {A: '${#DRONE_BRANCH}'}"), variable("A"), "4"),
    (a("environment: {A: '${NOPE:-${DRONE_BRANCH}}'}"), variable("A"), "main"),
    (a("environment: {A: $DRONE_BRANCH}"), variable("A"), "$DRONE_BRANCH"),
    (a("environment: {B: x, A: '${B}'}"), variable("A"), None),
    (a("entrypoint: [foo], command: [bar], commands: [x]"), script, ["x"]),
    (a("command: [1, true, 2.50]"), lambda step: step.container.argv, ("1", "true", "2.50")),
    (a("pull: ALWAYS"), lambda step: step.pull, "always"),
    (a("pull: '${NOPE:-always}', failure: '${NOPE:-ignore}'"), lambda s: s.failure, "ignore"),
    (a("failure: fast-fail"), lambda step: step.failure, "fast"),
    (a("failure: IGNORE"), lambda step: step.failure, "fail"),
    (a("detach: on"), lambda step: step.detach, True),
    (a("mem_limit: 0.5g"), lambda step: step.container.limits.memory, 1 << 29),
    (a("working_dir: '/x/${DRONE_BRANCH}'"), lambda s: s.container.working_dir, "/x/main"),
    (
        "workspace: {path: go/src/x}\n" + a("commands: [x]"),
        variable("DRONE_WORKSPACE_PATH"),
        "go/src/x",
    ),
    (a("when: {status: {exclude: [success]}}"), lambda step: step.policy, "on-failure"),
    (a("when: {status: {exclude: [failure]}}"), lambda step: step.policy, "on-success"),
    (a("when: {status: '*'}"), lambda step: step.policy, "always"),
    (a("depends_on: [clone]") + "\n", lambda step: step.depends_on, ()),
]


# Each worker of xdist has to call them the same, and a function's address is another in each.
@pytest.mark.parametrize(
    ("text", "shown", "expected"), WRITTEN, ids=[text[:70] for text, _, _ in WRITTEN]
)
def test_what_is_written_means_what_it_does_for_drone(
    text: str, shown: Shown, expected: object
) -> None:
    assert shown(step_of(text)) == expected


MET = [
    ("branch: feature/*", {"branch": "feature/x"}),
    ("branch: feature/**", {"branch": "feature/x/y"}),
    ("branch: '{main,dev}'", {}),
    ("branch: 'release-[0-9].[0-9]'", {"branch": "release-1.2"}),
    ("branch: {exclude: [dev]}", {}),
    ("branch: []", {}),
    ("branch: {include: []}", {}),
    ("branch: '${DRONE_BRANCH}'", {}),
    ("event: [tag, push]", {}),
    ("event: {exclude: [pull_request]}", {}),
    ("ref: [refs/tags/v*]", {"name": "tag", "branch": "", "ref": "refs/tags/v1"}),
    ("repo: [acme/*]", {}),
    ("{event: promote, target: [prod*]}", {"name": "promote", "target": "production"}),
    ("{event: cron, cron: [night*]}", {"name": "cron", "cron": "nightly"}),
    ("action: [opened]", {"name": "pull_request", "action": "opened"}),
]
UNMET = [
    ("branch: feature/*", {"branch": "feature/x/y"}),
    ("branch: {include: [m*], exclude: [main]}", {}),
    ("branch: '[main'", {}),
    ("branch: ^main$", {}),
    ("branch: ''", {}),
    ("branch: main", {"name": "tag", "branch": "", "ref": "refs/tags/v1"}),
    ("target: [prod]", {}),
    ("cron: nightly", {}),
    ("event: {exclude: ['${NOPE:-push}']}", {}),
    ("{ref: {include: ['refs/heads/**'], exclude: [refs/heads/ma*]}}", {}),
]


@pytest.mark.parametrize(("when", "event"), MET)
def test_a_condition_that_holds(when: str, event: dict[str, Any]) -> None:
    braces = when if when.startswith("{") else f"{{{when}}}"
    assert not step_of(a(f"when: {braces}"), **event).unmet
    (pipeline,) = compiled(f"trigger: {braces}\n{a('')}", **event).pipelines
    assert not pipeline.unmet


@pytest.mark.parametrize(("when", "event"), UNMET)
def test_a_condition_that_does_not_hold(when: str, event: dict[str, Any]) -> None:
    braces = when if when.startswith("{") else f"{{{when}}}"
    assert step_of(a(f"when: {braces}"), **event).unmet
    (pipeline,) = compiled(f"trigger: {braces}\n{a('')}", **event).pipelines
    assert pipeline.unmet


@pytest.mark.parametrize(
    ("text", "word"),
    [
        (a("commands: make"), "put `- ` before it"),
        (a("commands: [[a, b], c]"), "write its lines one by one"),
        ("x-c: &c [make]\n" + a("commands: [*c, x]"), "write its lines one by one"),
        (a("depends_on: b"), "put `- ` before it"),
        (a("environment: [A=1]"), "a mapping of names"),
        (a("environment: {A: [1]}"), "a variable is text"),
        (a("when: [branch]"), "must be a mapping"),
        (a("depends_on: [a]"), "wait for each other"),
        (a("privileged: '${NOPE:-true}'"), "write the value itself"),
        (a("mem_limit: '${NOPE:-64m}'"), "write the value itself"),
        ("services: [{name: a, image: i}]\n" + a(""), "called `a` already"),
        ("concurrency: 1\n" + a(""), "must be a mapping"),
        ("clone: false\n" + a(""), "must be a mapping"),
        ("workspace: /go\n" + a(""), "must be a mapping"),
        ("steps: {a: {image: i}}", "must be a list"),
        ("steps: [{name: a, commands: [x]}]", "`image` is missing"),
        (a("environment: {A: '${DRONE'}"), "no closing brace"),
        (a("when: {branch: *}"), "in quotes"),
        ("steps:\n- name: a\n  image: i\n  commands:\n  - echo a: b\n", "in quotes"),
        (
            "kind: pipeline\nname: x\n" + a("") + "\n---\nkind: pipeline\nname: x\n" + a(""),
            "already",
        ),
    ],
)
def test_what_drone_refuses_is_refused_with_what_is_right(text: str, word: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        compiled(text)
    assert word in str(caught.value)


def test_a_pipeline_that_is_left_out_holds_nothing_up() -> None:
    one = "kind: pipeline\nname: x\ntrigger: {branch: dev}\nsteps: [{name: a, image: i}]\n"
    other = "kind: pipeline\nname: y\ndepends_on: [x]\nsteps: [{name: b, image: i}]\n"
    first, second = compiled(f"{one}---\n{other}").pipelines
    assert first.unmet
    assert not second.unmet
