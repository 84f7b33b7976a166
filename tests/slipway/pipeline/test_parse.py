from __future__ import annotations

import textwrap

import pytest

from slipway.exceptions import PipelineFileError, PipelineFileMissing
from slipway.hooks.container_spec import PullPolicy
from slipway.pipeline.load import load
from slipway.pipeline.model import Failure, Pipeline
from slipway.pipeline.places import PipelineFileInvalid, Problem


def parse(text: str, *, trusted: bool = False) -> Pipeline:
    return load(textwrap.dedent(text).encode(), file=".drone.yml", trusted=trusted)


def problems(text: str, *, trusted: bool = False) -> tuple[Problem, ...]:
    with pytest.raises(PipelineFileInvalid) as caught:
        parse(text, trusted=trusted)
    return caught.value.problems


HEAD = "kind: pipeline\ntype: docker\nname: default\n"


def test_a_whole_pipeline() -> None:
    pipeline = parse("""\
        kind: pipeline
        type: docker
        name: default
        environment: {A: 1, B: yes, C:}
        services:
        - name: db
          image: postgres:15
        steps:
        - name: unit
          image: python:3.11
          pull: always
          failure: ignore
          commands: [make test]
          depends_on: [clone]
        """)
    assert pipeline.environment == {"A": "1", "B": "yes", "C": ""}
    assert pipeline.services[0].detach
    (step,) = pipeline.steps
    assert (step.pull, step.failure) == (PullPolicy.ALWAYS, Failure.IGNORE)
    assert pipeline.is_graph


@pytest.mark.parametrize("data", [b"", b"# nothing\n", b"---\n---\n"])
def test_an_empty_file_is_refused(data: bytes) -> None:
    with pytest.raises(PipelineFileError, match="the file is empty"):
        load(data, file=".drone.yml", trusted=False)


def test_a_missing_file_names_the_path_and_how_to_set_it() -> None:
    with pytest.raises(PipelineFileMissing, match=r"no ci/drone\.yml") as caught:
        load(None, file="ci/drone.yml", trusted=False)
    assert "test: {pipeline: ...}" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "rule", "at", "says"),
    [
        ("- a\n", "not-a-mapping", (1, 1), "is a mapping"),
        ("just text\n", "not-a-mapping", (1, 1), "is a mapping"),
        ("name: x\n", "missing-key", (1, 1), "`kind` is missing"),
        ("pipeline:\n  test: {image: go}\n", "old-form", (1, 1), "Drone 0.8"),
        ("image: go\nscript: [make]\n", "old-form", (2, 1), "2014"),
        ("kind: secret\nname: x\n", "unsupported-kind", (1, 7), "kind secret"),
        ("kind: pipeline\ntype: exec\n", "unsupported-type", (2, 7), "type exec"),
        (HEAD, "missing-key", (1, 1), "`steps` is missing"),
        (HEAD + "steps: []\n", "wrong-value", (4, 8), "not be empty"),
        (HEAD + "steps: {a: b}\n", "wrong-value", (4, 8), "must be a list"),
        (HEAD + "steps:\n- make\n", "wrong-value", (5, 3), "must be a mapping"),
        (HEAD + "steps:\n- name: a\n", "missing-key", (5, 3), "`image` is missing"),
        (HEAD + "steps:\n- {name: a, image:}\n", "missing-key", (5, 3), "`image` is missing"),
        (HEAD + "steps:\n- {name: a, image: b, detach: maybe}\n", "wrong-value", (5, 31), "true"),
        (HEAD + "steps:\n- {name: a, image: b, pull: daily}\n", "wrong-value", (5, 29), "always"),
        (HEAD + "steps:\n- {name: a, image: b, failure: fast}\n", "wrong-value", (5, 32), "ignore"),
        (HEAD + "trigger: {branch: main}\nsteps:\n- {name: a, image: b}\n",
         "not-yet", (4, 1), "`trigger` is not supported yet"),
        (HEAD + "steps:\n- {name: a, image: b, settings: {}}\n",
         "not-yet", (5, 23), "`settings` is not supported yet"),
        (HEAD + "steps:\n- {name: a, image: b}\n---\nkind: pipeline\n",
         "not-yet", (7, 1), "second document"),
    ],
)  # fmt: skip
def test_each_mistake_has_its_place(text: str, rule: str, at: tuple[int, int], says: str) -> None:
    (problem,) = problems(text)
    assert problem.span is not None
    assert (problem.rule, (problem.span.line, problem.span.column)) == (rule, at)
    assert says in problem.message


def test_a_misspelt_key_names_the_nearest_right_one() -> None:
    text = HEAD + "steps:\n- name: a\n  image: b\n  comands: [make]\n"
    with pytest.raises(PipelineFileInvalid) as caught:
        parse(text)
    assert str(caught.value) == (
        ".drone.yml:7:3: there is no key `comands` here; did you mean `commands`? [unknown-key]\n"
        "  7 |   comands: [make]\n"
        "    |   ^^^^^^^"
    )


def test_a_colon_in_a_command_is_explained() -> None:
    (problem,) = problems(HEAD + "steps:\n- name: a\n  image: b\n  commands:\n  - echo a: b\n")
    assert "quotes" in problem.advice


def test_a_single_command_is_told_to_be_a_list() -> None:
    (problem,) = problems(HEAD + "steps:\n- {name: a, image: b, commands: make}\n")
    assert problem.advice == "put `- ` before it"


def test_a_secret_is_refused_by_name() -> None:
    text = HEAD + "steps:\n- name: a\n  image: b\n  environment: {T: {from_secret: t}}\n"
    (problem,) = problems(text)
    assert problem.message == "`from_secret` is not supported yet"


def test_all_mistakes_are_told_at_once_in_order() -> None:
    text = HEAD + "steps:\n- {name: a, imag: b}\n- {name: c, image: d, whn: e}\nfoo: bar\n"
    assert [problem.rule for problem in problems(text)] == [
        "missing-key", "unknown-key", "unknown-key", "unknown-key",
    ]  # fmt: skip
