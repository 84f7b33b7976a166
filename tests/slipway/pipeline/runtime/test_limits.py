"""What a pipeline file can blow up, and where it ends; each limit is named with its number."""

from __future__ import annotations

import time
import tracemalloc
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import PipelineFileError
from slipway.pipeline.compiler import env_sizes
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.script import with_variables
from slipway.pipeline.load import load
from slipway.pipeline.runtime.isolation import container_of
from slipway.pipeline.yaml.substitution import Budget, substitute

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from slipway.pipeline.compiler.spec import BuildSpec

HEAD = "kind: pipeline\n"
STEPS = "steps: [{name: a, image: i}]\n"
MESSAGE = {"DRONE_COMMIT_MESSAGE": "a" * 16_000}


def built(text: str, variables: Mapping[str, str] | None = None) -> BuildSpec:
    file = load(text.encode(), file="f", trusted=False)
    return compile_file(file, Build(id="x", variables=variables or {}))


def refused(text: str, variables: Mapping[str, str] | None = None) -> str:
    """Return why a file is refused, which must come soon and be short."""
    began = time.perf_counter()
    with pytest.raises(PipelineFileError) as caught:
        built(text, variables)
    assert time.perf_counter() - began < 60
    assert len(str(caught.value)) < 50_000
    return str(caught.value)


@contextmanager
def little_memory() -> Iterator[None]:
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < 50 << 20
    finally:
        tracemalloc.stop()


def environment(*values: str) -> str:
    pairs = ", ".join(f"V{number}: '{value}'" for number, value in enumerate(values))
    return f"{HEAD}steps: [{{name: a, image: i, environment: {{{pairs}}}}}]"


# Substitution


@pytest.mark.parametrize(
    "value",
    [
        "${DRONE_COMMIT_MESSAGE//a/" + "b" * 6000 + "}",
        "${DRONE_COMMIT_MESSAGE}" * 7,
        "${X=" * 3 + "${DRONE_COMMIT_MESSAGE}" * 7 + "}" * 3,
        "${X:-${DRONE_COMMIT_MESSAGE//a/" + "b" * 6000 + "}}",
        "${DRONE_COMMIT_MESSAGE//a/bbbbbbb}",
    ],
)
def test_a_value_that_is_multiplied_is_refused_with_the_limit(value: str) -> None:
    with little_memory():
        assert "longer than 100000 characters" in refused(environment(value), MESSAGE)


def test_many_values_that_are_each_within_the_limit_are_refused_together() -> None:
    text = environment(*["${DRONE_COMMIT_MESSAGE}" * 6] * 60)
    assert "more than 4194304 characters" in refused(text, MESSAGE)


def test_commands_cannot_multiply_either() -> None:
    command = "${DRONE_COMMIT_MESSAGE//a/" + "b" * 6000 + "}"
    text = f"{HEAD}steps: [{{name: a, image: i, commands: ['{command}']}}]"
    assert "longer than 100000 characters" in refused(text, MESSAGE)
    text = f"{HEAD}steps: [{{name: a, image: i, commands: ['{'${DRONE_COMMIT_MESSAGE}' * 6}']}}]"
    spec = built(text, {"DRONE_COMMIT_MESSAGE": "a" * 15_000}).pipelines[0]
    assert len(spec.steps[0].script) < 2 * 100_000  # each command is shown as well


def test_a_text_that_is_handed_over_is_handed_over_once() -> None:
    commands = ["echo ${CI_X} ${CI_X}", "echo ${CI_X}${CI_Y}"]
    _, computed = with_variables(commands, {"CI_X": "$", "CI_Y": "`"})
    assert computed == {"DRONE_SUBSTITUTED_1": "$", "DRONE_SUBSTITUTED_2": "`"}


def test_a_command_full_of_texts_of_the_commit_is_read_in_time() -> None:
    began = time.perf_counter()
    inner = "echo '${CI_X}' $(: '${CI_X}')\n" * 200
    for command in (f'sh -c "{inner}"', "$(" * 5000, "${x:-" * 5000, f"cat <<E\n{inner}\nE\n" * 2):
        with suppress(PipelineFileError):
            with_variables([command, f"echo '${{CI_X}}' {command}"], {"CI_X": "$"})
    assert time.perf_counter() - began < 20


@pytest.mark.parametrize("form", ["#", "##", "%", "%%"])
@pytest.mark.parametrize("pattern", ["*a" * 40 + "b", "?*" * 200 + "b", "[a]*" * 100 + "b"])
def test_no_pattern_in_a_form_takes_longer_than_its_length_says(form: str, pattern: str) -> None:
    began = time.perf_counter()
    value = "a" * 60_000
    assert substitute(f"${{V{form}{pattern}}}", {"V": value}) == value
    assert time.perf_counter() - began < 5


def test_thousands_of_slow_forms_in_one_file_end_at_a_limit() -> None:
    form = "${DRONE_COMMIT_MESSAGE##*a}"
    text = environment(*[form * 20] * 200)
    assert "more than 4194304 characters" in refused(text, MESSAGE)


def test_a_budget_is_shared_by_the_pipelines_of_a_file() -> None:
    budget = Budget(150)
    substitute("${V}", {"V": "a" * 100}, budget)
    with pytest.raises(PipelineFileError):
        substitute("${V}", {"V": "a" * 100}, budget)


def test_a_matrix_cannot_multiply() -> None:
    axes = "matrix: {A: [" + ", ".join(["'" + "x" * 2000 + "'"] * 25) + "]}\n"
    steps = "".join(f"  s{n}: {{image: i, x: '{'${A}' * 20}'}}\n" for n in range(200))
    assert "characters" in refused(f"pipeline:\n{steps}{axes}")
    pairs = ", ".join(f"A{n}: x" for n in range(500))
    text = f"pipeline: {{a: {{image: i}}}}\nmatrix: {{include: [{{{pairs}}}]}}"
    assert "more than 20 axes" in refused(text)


# Aliases and numbers


def test_a_long_text_that_is_repeated_by_alias_is_refused() -> None:
    aliases = ", ".join(["*x"] * 2000)
    text = (
        f"x-text: &x '{'a' * 100_000}'\n{HEAD}steps: [{{name: a, image: i, commands: [{aliases}]}}]"
    )
    with little_memory():
        assert "more than 1048576 characters" in refused(text)


def test_a_file_of_tiny_values_is_refused_before_it_is_built() -> None:
    assert "more than 60000 values" in refused(f"{HEAD}x-x: [{'a,' * 61_000}]\n{STEPS}")
    assert "more than 100 pipelines" in refused("---\na\n" * 5_000)


def test_more_steps_than_a_file_may_have_are_refused() -> None:
    steps = "".join(f"- {{name: s{n}, image: i}}\n" for n in range(301))
    assert "has 301 steps and services; 300 is the limit" in refused(f"{HEAD}steps:\n{steps}")
    built(f"{HEAD}steps:\n{steps.rpartition('- ')[0]}")


def test_more_pipelines_than_a_file_may_have_are_refused() -> None:
    documents = "---\n".join(f"{HEAD}name: p{n}\n{STEPS}" for n in range(101))
    assert "more than 100 pipelines" in refused(documents)


def test_more_variables_volumes_or_patterns_than_are_copied_to_each_step_are_refused() -> None:
    many = ", ".join(f"V{n}: x" for n in range(501))
    assert "more than 500 variables" in refused(f"{HEAD}environment: {{{many}}}\n{STEPS}")
    text = f"{HEAD}steps: [{{name: a, image: i, settings: {{{many}}}}}]"
    assert "more than 500 variables" in refused(text)
    volumes = ", ".join(f"{{name: v{n}, temp: {{}}}}" for n in range(501))
    assert "more than 500 volumes" in refused(f"{HEAD}volumes: [{volumes}]\n{STEPS}")
    assert "500 is the limit" in refused(f"{HEAD}trigger: {{ref: '{'*a' * 300}'}}\n{STEPS}")
    assert "more than 50 others" in refused(f"{HEAD}trigger: {{ref: '{'{a,b}' * 40}'}}\n{STEPS}")


def test_a_pattern_that_grows_by_substitution_is_refused_as_well() -> None:
    text = f"{HEAD}trigger: {{ref: '*${{DRONE_COMMIT_MESSAGE}}'}}\n{STEPS}"
    assert "500 is the limit" in refused(text, MESSAGE)


def test_thousands_of_mistakes_are_told_by_the_first_of_them() -> None:
    keys = ", ".join(f"k{'e' * 50}{n}: x" for n in range(1500))
    began = time.perf_counter()
    file = load(f"{HEAD}steps: [{{name: a, image: i, {keys}}}]".encode(), file="f", trusted=False)
    assert time.perf_counter() - began < 60
    assert "\n".join(file.told()).count("[unknown-key]") == 50
    names = ", ".join(f"{'n' * 50}{n}" for n in range(2000))
    steps = "".join(f"- {{name: {'n' * 50}s{n}, image: i}}\n" for n in range(250))
    told = refused(f"{HEAD}steps:\n{steps}- {{name: b, image: i, depends_on: [{names}]}}\n")
    assert told.count("[unknown-dependency]") == 50
    assert "... and 1 more" in told


def test_names_as_long_as_the_file_are_not_compared() -> None:
    steps = "".join(f"- {{name: {'ab' * 4000}{n}, image: i}}\n" for n in range(10))
    text = f"{HEAD}steps:\n{steps}- {{name: b, image: i, depends_on: [{'ba' * 30_000}]}}\n"
    assert "unknown-dependency" in refused(text)


# What a program is started with


def test_a_variable_that_no_program_can_be_started_with_is_named() -> None:
    text = environment("x" * 140_000)
    assert "'a': V0 would have 140003 bytes; 131071 is the limit" in refused(text)


def test_variables_that_are_too_many_together_are_refused() -> None:
    lines = "".join(f"  V{n}: *x\n" for n in range(15))
    text = f"x-x: &x '{'x' * 50_000}'\n{HEAD}environment:\n{lines}{STEPS}"
    values = {f"CI_{n}": "y" * 60_000 for n in range(20)}
    assert "its variables would have" in refused(text, values)


def test_a_log_that_was_pasted_into_a_commit_message_does_not_break_the_build() -> None:
    spec = built(HEAD + STEPS, {"DRONE_COMMIT_MESSAGE": "ä" * 200_000})
    message = spec.pipelines[0].steps[0].container.environment["DRONE_COMMIT_MESSAGE"]
    assert message == "ä" * 32_768
    assert env_sizes.bounded({"A": "ä" * 20_000}) == {"A": "ä" * 20_000}


@pytest.mark.parametrize(("asked", "given"), [("1000GB", 8 << 30), ("1GB", 1 << 30), (None, None)])
def test_a_step_does_not_take_the_machines_whole_swap(asked: str | None, given: int | None) -> None:
    more = f", memswap_limit: {asked}" if asked else ""
    (pipeline,) = built(f"{HEAD}steps: [{{name: a, image: i{more}}}]\n").pipelines
    assert pipeline.isolation.memory == 4 << 30
    spec = container_of(
        pipeline, pipeline.steps[0], "step", environment={}, image="i", has_healthcheck=False
    )
    assert spec.limits.memory_swap == given
