from __future__ import annotations

import textwrap

import pytest

from slipway.pipeline.load import load
from slipway.pipeline.places import PipelineFileInvalid

# Each rule: a pipeline that trips it, and one as near as can be that does not.
CASES = {
    "duplicate-name": (
        "steps: [{name: a, image: i}, {name: a, image: i}]",
        "steps: [{name: a, image: i}, {name: b, image: i}]",
    ),
    "unknown-dependency": (
        "steps: [{name: a, image: i, depends_on: [b]}]",
        "steps: [{name: a, image: i, depends_on: [clone]}]",
    ),
    "cycle": (
        "steps: [{name: a, image: i, depends_on: [b]}, {name: b, image: i, depends_on: [a]}]",
        "steps: [{name: a, image: i, depends_on: [b]}, {name: b, image: i}]",
    ),
    "service-dependency": (
        "services: [{name: s, image: i, depends_on: [a]}]\nsteps: [{name: a, image: i}]",
        "services: [{name: s, image: i}]\nsteps: [{name: a, image: i}]",
    ),
    "variable-name": (
        "steps: [{name: a, image: i, environment: {A=B: c}}]",
        "steps: [{name: a, image: i, environment: {A_B: c=d}}]",
    ),
    "image-name": (
        "steps: [{name: a, image: go 1.22}]",
        "steps: [{name: a, image: 'go:1.22'}]",
    ),
    "script-too-long": (
        f"steps: [{{name: a, image: i, commands: [{'x' * 100_001}]}}]",
        f"steps: [{{name: a, image: i, commands: [{'x' * 100_000}]}}]",
    ),
    "zero-byte": (
        'steps: [{name: a, image: i, commands: ["a\\0b"]}]',
        'steps: [{name: a, image: i, commands: ["a\\tb"]}]',
    ),
    "untrusted": (
        "steps: [{name: a, image: i, privileged: true}]",
        "steps: [{name: a, image: i, privileged: false}]",
    ),
    "not-yet": (
        "steps: [{name: a, image: 'i:${DRONE_TAG}'}]",
        "steps: [{name: a, image: i, commands: ['echo ${DRONE_TAG}']}]",
    ),
}


def rules(text: str, *, trusted: bool = False) -> list[str]:
    try:
        load(f"kind: pipeline\n{textwrap.dedent(text)}".encode(), file="f", trusted=trusted)
    except PipelineFileInvalid as error:
        return [problem.rule for problem in error.problems]
    return []


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_trips_on_its_case_alone(rule: str) -> None:
    wrong, right = CASES[rule]
    assert rules(wrong) == [rule]
    assert rules(right) == []


def test_a_trusted_project_may_be_privileged() -> None:
    assert rules(CASES["untrusted"][0], trusted=True) == []


def test_the_same_name_for_a_step_and_a_service() -> None:
    text = "services: [{name: a, image: i}]\nsteps: [{name: a, image: i}]"
    assert rules(text) == ["duplicate-name"]


def test_the_nearest_name_is_proposed() -> None:
    text = (
        b"kind: pipeline\nsteps:\n- {name: build, image: i}\n"
        b"- {name: t, image: i, depends_on: [biuld]}\n"
    )
    with pytest.raises(PipelineFileInvalid, match="did you mean `build`"):
        load(text, file="f", trusted=False)


def test_waiting_for_a_service_is_explained() -> None:
    text = (
        b"kind: pipeline\nservices: [{name: db, image: i}]\n"
        b"steps: [{name: t, image: i, depends_on: [db]}]"
    )
    with pytest.raises(PipelineFileInvalid, match="ready before any step starts"):
        load(text, file="f", trusted=False)


def test_a_cycle_is_spelled_out() -> None:
    text = (
        b"kind: pipeline\nsteps:\n- {name: a, image: i}\n"
        b"- {name: b, image: i, depends_on: [a, d]}\n"
        b"- {name: c, image: i, depends_on: [b]}\n- {name: d, image: i, depends_on: [c]}\n"
    )
    with pytest.raises(PipelineFileInvalid, match="b -> d -> c -> b"):
        load(text, file="f", trusted=False)


@pytest.mark.parametrize(
    "value", ["environment: {A: '${DRONE_TAG}'}", "commands: ['echo $${HOME}']"]
)
def test_substitution_is_refused_by_name(value: str) -> None:
    assert rules(f"steps: [{{name: a, image: i, {value}}}]") == ["not-yet"]
