"""Drone replaces variables before it reads a file, so no rule can be got round with them."""

from __future__ import annotations

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

IN_MEMORY = "volumes: [{name: v, temp: {medium: '${NOPE:-memory}'}}]\nsteps: [{name: a, image: i}]"


def compiled(text: str, *, trusted: bool = False) -> BuildSpec:
    file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=trusted)
    variables = {"DRONE_BRANCH": "main", "DRONE_COMMIT_MESSAGE": "run drone"}
    return compile_file(file, Build(id="x", variables=variables, trusted=trusted))


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (IN_MEMORY, "untrusted"),
        (
            "volumes: [{name: v, temp: {}}]\n"
            "steps: [{name: a, image: i, "
            "volumes: [{name: v, path: '/${DRONE_COMMIT_MESSAGE/ //}'}]}]",
            "volume-path",
        ),
        (
            "volumes: [{name: '${NOPE:=_workspace}', temp: {}}]\nsteps: [{name: a, image: i}]",
            "volume-name",
        ),
        ("steps: [{name: a, image: 'i:${DRONE_COMMIT_MESSAGE}'}]", "image-name"),
        ("steps: [{name: a, image: '${NOPE}'}]", "image-name"),
        ("services: [{name: a, image: '${NOPE}'}]\nsteps: [{name: b, image: i}]", "image-name"),
    ],
)
def test_what_a_variable_makes_of_a_file_is_checked_as_well(text: str, rule: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        compiled(text)
    (problem,) = caught.value.problems
    assert (problem.rule, problem.span is not None) == (rule, True)


@pytest.mark.parametrize(
    "text",
    [
        "steps: [{name: a, image: i}, {name: b, image: '${DRONE_TAG}', when: {event: tag}}]",
        "trigger: {event: tag}\nsteps: [{name: a, image: '${DRONE_TAG}'}]",
        f"trigger: {{event: tag}}\n{IN_MEMORY}",
    ],
)
def test_what_has_no_part_in_a_build_need_not_be_right_in_it(text: str) -> None:
    (pipeline,) = compiled(text).pipelines
    assert pipeline.unmet or pipeline.steps[1].unmet


def test_a_trusted_project_may_have_what_a_variable_says() -> None:
    (volume,) = compiled(IN_MEMORY, trusted=True).pipelines[0].volumes
    assert volume.memory


@pytest.mark.parametrize("path", ["//run//drone/", "/run/drone", "/x/../run/drone/env"])
def test_the_runners_folder_is_refused_however_it_is_written(path: str) -> None:
    with pytest.raises(PipelineFileInvalid, match="cannot mount a volume at /run/drone"):
        compiled(
            "volumes: [{name: v, temp: {}}]\n"
            f"steps: [{{name: a, image: i, volumes: [{{name: v, path: {path}}}]}}]"
        )


def test_a_variables_own_name_is_looked_at_when_it_is_whole() -> None:
    text = (
        "steps: [{name: a, image: i, environment: {'${NOPE:-EDITOR}': '${DRONE_COMMIT_MESSAGE}'}}]"
    )
    with pytest.raises(PipelineFileInvalid, match="whatever reads the variable"):
        compiled(text)


def test_the_status_that_a_pipeline_waits_for_may_be_a_variables() -> None:
    (pipeline,) = compiled(
        "trigger: {status: ['${NOPE:-failure}']}\nsteps: [{name: a, image: i}]"
    ).pipelines
    assert pipeline.policy == "on-failure"


def test_the_names_of_secrets_are_replaced() -> None:
    (pipeline,) = compiled(
        "image_pull_secrets: ['login_${DRONE_BRANCH}']\n"
        "steps: [{name: a, image: i, environment: {X: {from_secret: 'token_${DRONE_BRANCH}'}}, "
        "settings: {y: {from_secret: '${DRONE_BUILD_STATUS}_y'}, z: {from_secret: '${NOPE}'}}}]"
    ).pipelines
    assert pipeline.pull_secrets == ("login_main",)
    assert pipeline.steps[0].secrets == {"X": "token_main", "PLUGIN_Y": "success_y"}


def test_a_form_that_is_none_is_refused_in_the_name_of_a_secret() -> None:
    with pytest.raises(PipelineFileInvalid, match="is not a form of substitution"):
        compiled("steps: [{name: a, image: i, settings: {x: {from_secret: '${a[@]}'}}}]")
