"""How the run stands, in settings, variables and words."""

from __future__ import annotations

import json
import subprocess
import threading
import time

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.compiler.late import filled
from slipway.pipeline.compiler.spec import PipelineSpec
from slipway.pipeline.compiler.status import BuildStatus, Standing, status_variables
from slipway.pipeline.load import load
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime import builds
from tests.slipway.pipeline.runtime.after_a_failure.begun import APART, ON_FAILURE, Begun, Known
from tests.slipway.pipeline.runtime.runner.cases import Case, steps

WELL = status_variables(BuildStatus(), started=5, now=9, standing=Standing())
ILL = status_variables(BuildStatus(), started=5, now=9, standing=Standing(steps=("it's", "b")))


def told(text: str, status: dict[str, str], name: str = "PLUGIN_TEXT", **variables: str) -> str:
    """Return what a step's variable is when it starts."""
    file = load(
        f"kind: pipeline\nsteps: [{{name: a, image: i, {text}}}]".encode(), file="f", trusted=False
    )
    spec = compile_pipeline(file.pipelines[0], Build(id="x", variables=variables))
    spec = PipelineSpec.from_json(spec.to_json())
    return filled(spec.steps[0].container.environment[name], spec.late, status)


@pytest.mark.parametrize(
    ("text", "well", "ill"),
    [
        ("build ${DRONE_BUILD_STATUS}", "build success", "build failure"),
        ("${DRONE_STAGE_STATUS^^}", "SUCCESS", "FAILURE"),
        ("${CI_BUILD_STATUS} ${CI_JOB_STATUS}", "success success", "failure failure"),
        ("${DRONE_FAILED_STEPS:-none}", "none", "it's,b"),
        (
            "${DRONE_BUILD_STATUS/failure/red} $${DRONE_BUILD_STATUS}",
            "success ${DRONE_BUILD_STATUS}",
            "red ${DRONE_BUILD_STATUS}",
        ),
        ("${DRONE_FAILED_STEPS:-${DRONE_BRANCH}}", "main", "it's,b"),
        ("${DRONE_BRANCH} ${DRONE_BUILD_FINISHED}", "main 9", "main 9"),
    ],
)
def test_settings_and_variables_say_how_the_run_stands_when_the_step_starts(
    text: str, well: str, ill: str
) -> None:
    for place, name in (
        ('settings: {text: "%s"}', "PLUGIN_TEXT"),
        ('environment: {TOLD: "%s"}', "TOLD"),
    ):
        assert told(place % text, WELL, name, DRONE_BRANCH="main") == well
        assert told(place % text, ILL, name, DRONE_BRANCH="main") == ill


def test_a_setting_that_becomes_json_stays_json() -> None:
    text = "settings: {text: {a: '${DRONE_FAILED_STEPS}', b: ['${DRONE_BUILD_STATUS}']}}"
    assert told(text, ILL) == """{"a":"it's,b","b":["failure"]}"""
    quoted = status_variables(BuildStatus(), started=0, now=0, standing=Standing(steps=('"',)))
    assert told(text, quoted) == r'{"a":"\"","b":["failure"]}'


def test_a_commit_message_that_looks_like_a_form_is_text() -> None:
    message = "fix ${DRONE_BUILD_STATUS} and ${X:-"
    text = "settings: {text: '${DRONE_COMMIT_MESSAGE} ${DRONE_BUILD_STATUS}'}"
    assert told(text, WELL, DRONE_COMMIT_MESSAGE=message) == f"{message} success"
    text = "settings: {text: '${DRONE_FAILED_STEPS:-${DRONE_COMMIT_MESSAGE}}'}"
    assert told(text, WELL, DRONE_COMMIT_MESSAGE=message) == message


def test_a_step_is_told_what_has_failed_by_its_own_start() -> None:
    made: list[Case] = []
    setting = 'settings: {text: "${DRONE_BUILD_STATUS} ${DRONE_FAILED_STEPS}"}'
    text = steps(
        test=APART,
        build=f"{APART}, {setting}",
        tell=f"{ON_FAILURE}, {setting}, "
        "depends_on: [build], command: [say, '${DRONE_BUILD_STATUS}']",
    )
    plays = {
        "test": Play(1, until=Begun(made, "run-step-2-build")),
        "build": Play(until=Known(made)),
    }
    made.append(Case(text, plays))
    made[0].run()
    last = {spec.name: spec for spec in made[0].engine.specs}
    assert last["run-step-3-tell"].environment["PLUGIN_TEXT"] == "failure test"
    assert last["run-step-3-tell"].argv == ("say", "failure")
    assert last["run-step-2-build"].environment["PLUGIN_TEXT"] == "success "


def test_a_document_that_is_still_running_is_told_of_another_ones_failure() -> None:
    case = builds.Case(
        "name: bad\nsteps: [{name: x, image: i}]",
        "name: other\nsteps: [{name: first, image: i}, {name: then, image: i, settings: "
        "{text: '${DRONE_BUILD_STATUS} ${DRONE_STAGE_STATUS} ${DRONE_FAILED_STAGES}'}}]",
        x=Play(exit_code=1),
    )

    class Over(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            time.sleep(timeout or 0)
            return bool(case.runner._schedule.failed)

    case.engine.plays["first"] = Play(until=Over())
    case.run()
    last = {spec.name: spec for spec in case.engine.specs}["run-2-step-2-then"]
    assert last.environment["PLUGIN_TEXT"] == "failure success bad"


def test_a_steps_name_is_no_code_in_the_words_of_another() -> None:
    """A name may hold text of the commit, and there may be a shell among the words."""
    text = "steps: [{name: a, image: i, command: [sh, -c, '${DRONE_FAILED_STEPS} $${CI_JOB_STATUS}"
    file = load(
        f"kind: pipeline\n{text} ${{DRONE_STAGE_STATUS}}']}}]".encode(), file="f", trusted=False
    )
    spec = compile_pipeline(file.pipelines[0], Build(id="x"))
    assert spec.steps[0].container.argv is not None
    words = [filled(word, spec.late, ILL) for word in spec.steps[0].container.argv]
    assert words == ["sh", "-c", " ${CI_JOB_STATUS} failure"]


def test_elsewhere_all_is_still_well() -> None:
    file = load(
        b"kind: pipeline\nsteps: [{name: a, image: 'i:${DRONE_BUILD_STATUS}'}]",
        file="f",
        trusted=False,
    )
    assert compile_pipeline(file.pipelines[0], Build(id="x")).steps[0].image == "i:success"


def test_no_commit_can_write_what_holds_the_place_of_a_status() -> None:
    message = r"hello \u00000\u0000 \\u00000\u0000 \u00000j\u0000 world"
    value = "'${DRONE_COMMIT_MESSAGE} ${DRONE_BUILD_STATUS}'"
    for text in (f"settings: {{text: {value}}}", f"environment: {{PLUGIN_TEXT: {value}}}"):
        assert told(text, ILL, DRONE_COMMIT_MESSAGE=message) == f"{message} failure"
    text = "settings: {text: {a: ['${DRONE_COMMIT_MESSAGE}', '\\\\${DRONE_BUILD_STATUS}']}}"
    written = json.loads(told(text, ILL, DRONE_COMMIT_MESSAGE=message))
    assert written["a"][0] == message
    assert written["a"][1] == "\\failure"


def test_a_key_may_hold_a_status_as_well() -> None:
    text = steps(
        a="image: i, settings: {'k_${DRONE_BUILD_STATUS}': x, 's_${CI_JOB_STATUS}': "
        "{from_secret: t}}, environment: {'X_${DRONE_BUILD_STATUS}': '1'}"
    )
    case = Case(text)
    case.run()
    environment = {spec.name: spec for spec in case.engine.specs}["run-step-1-a"].environment
    assert environment["PLUGIN_K_SUCCESS"] == "x"
    assert environment["X_success"] == "1"
    assert "PLUGIN_S_SUCCESS" in environment
    assert not [name for name in environment if "\0" in name]


def test_every_form_of_a_status_works_in_commands() -> None:
    forms = (
        "${DRONE_BUILD_STATUS^^} '${DRONE_BUILD_STATUS/success/ok}' ${DRONE_BUILD_STATUS:0:4} "
        "${DRONE_STAGE_STATUS%%cess} ${DRONE_FAILED_STEPS:-none}"
    )
    case = Case(f'steps: [{{name: a, image: i, commands: ["echo {forms}"]}}]')
    case.run()
    environment = {spec.name: spec for spec in case.engine.specs}["run-step-1-a"].environment
    command = ["/bin/sh", "-c", environment["DRONE_SCRIPT"]]
    own = {**environment, "PATH": "/usr/bin:/bin"}
    done = subprocess.run(command, env=own, capture_output=True, check=True, text=True)
    assert done.stdout.splitlines()[-1] == "SUCCESS ok succ suc none"
