"""Names are substituted like everything else; those of pipelines are not."""

from __future__ import annotations

import pytest

from slipway.exceptions import PipelineFileError
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import PipelineSpec
from slipway.pipeline.load import load

VARIABLES = {"DRONE_TAG": "v1", "DRONE_BRANCH": "main"}


def compiled(text: str) -> PipelineSpec:
    file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=False)
    return compile_file(file, Build(id="x", variables=VARIABLES)).pipelines[0]


def test_names_of_steps_and_whom_they_wait_for() -> None:
    pipeline = compiled(
        "name: p-${DRONE_TAG}\nsteps:\n- {name: 'a-${DRONE_TAG}', image: i}\n"
        "- {name: b, image: i, depends_on: ['a-${DRONE_TAG}']}\n"
    )
    assert pipeline.name == "p-${DRONE_TAG}"
    assert [step.name for step in pipeline.steps] == ["a-v1", "b"]
    assert pipeline.steps[1].depends_on == ("a-v1",)
    assert pipeline.steps[0].container.environment["DRONE_STEP_NAME"] == "a-v1"


def test_names_of_settings_variables_and_node_labels() -> None:
    pipeline = compiled(
        "node: {'is-${DRONE_TAG}': x}\nsteps:\n- name: a\n  image: i\n"
        "  settings: {'to_${DRONE_BRANCH}': {'k${DRONE_TAG}': y}}\n"
        "  environment: {'E_${DRONE_TAG}': z}\n"
    )
    (step,) = pipeline.steps
    assert step.container.environment["PLUGIN_TO_MAIN"] == '{"kv1":"y"}'
    assert step.container.environment["E_v1"] == "z"
    assert pipeline.node == {"is-v1": "x"}


def test_a_name_that_is_nothing_is_a_number() -> None:
    pipeline = compiled("steps: [{name: '${NONE}', image: i}, {image: i}]")
    assert [step.name for step in pipeline.steps] == ["step-1", "step-2"]


def test_names_that_become_one_are_refused() -> None:
    with pytest.raises(PipelineFileError, match="called 'a-' once their names are"):
        compiled("steps: [{name: 'a-${X}', image: i}, {name: 'a-${Y}', image: i}]")


def test_a_name_that_is_no_form_is_refused_at_its_place() -> None:
    text = "kind: pipeline\nsteps: [{name: a, image: i, settings: {'${x!}': y}}]"
    with pytest.raises(PipelineFileError, match=r"f:2:40: .*not a form"):
        load(text.encode(), file="f", trusted=False)
