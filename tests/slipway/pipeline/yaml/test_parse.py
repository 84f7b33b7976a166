from __future__ import annotations

import textwrap

import pytest

from slipway.exceptions import PipelineFileError, PipelineFileMissing
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid, Problem
from slipway.pipeline.yaml.model import Pipeline


def parse(text: str, *, trusted: bool = False, strict: bool = False) -> Pipeline:
    data = textwrap.dedent(text).encode()
    file = load(data, file=".drone.yml", trusted=trusted, strict=strict)
    (pipeline,) = file.pipelines
    return pipeline


def problems(text: str, *, trusted: bool = False) -> tuple[Problem, ...]:
    with pytest.raises(PipelineFileInvalid) as caught:
        parse(text, trusted=trusted, strict=True)
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
    assert (step.pull, step.failure) == ("always", "ignore")
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
        ("kind: pipeline\ntype: exec\n", "unsupported-type", (2, 7), "type exec"),
        (HEAD, "no-steps", (1, 1), "no steps"),
        (HEAD + "steps: []\n", "no-steps", (4, 8), "no steps"),
        (HEAD + "steps: {a: b}\n", "wrong-value", (4, 8), "must be a list"),
        (HEAD + "steps:\n- make\n", "wrong-value", (5, 3), "must be a mapping"),
        (HEAD + "steps:\n- name: a\n", "missing-key", (5, 3), "`image` is missing"),
        (HEAD + "steps:\n- {name: a, image:}\n", "missing-key", (5, 3), "`image` is missing"),
        (HEAD + "steps:\n- {name: a, image: b, detach: maybe}\n", "wrong-value", (5, 31), "true"),
        (HEAD + "steps:\n- {name: a, image: b, pull: daily}\n", "unknown-word", (5, 29), "default"),
        (HEAD + "steps:\n- {name: a, image: b, failure: hard}\n", "unknown-word", (5, 32), "fails"),
        (
            HEAD + "steps:\n- {name: a, image: b, mem_limit: lots}\n",
            "wrong-value",
            (5, 34),
            "is not a size",
        ),
        (
            HEAD + "steps:\n- {name: a, image: b, ports: [http]}\n",
            "ports",
            (5, 31),
            "is not a port",
        ),
        (
            HEAD + "steps:\n- {name: a, image: b, environment: {T: {from_secret: []}}}\n",
            "wrong-value",
            (5, 40),
            "the name of one secret",
        ),
        (
            HEAD + "steps:\n- {name: a, image: b, environment: {T: [x]}}\n",
            "wrong-value",
            (5, 40),
            "a variable is text",
        ),
        (
            HEAD + "steps:\n- {name: a, image: b, when: {brunch: x}}\n",
            "unknown-key",
            (5, 30),
            "no key `brunch`",
        ),
        (
            HEAD + "workspace: {base: drone}\nsteps:\n- {name: a, image: b}\n",
            "wrong-value",
            (4, 19),
            "pattern",
        ),
        (
            HEAD + "steps:\n- {name: a, image: b}\n---\nkind: pipeline\nname: two\n",
            "no-steps",
            (7, 1),
            "no steps",
        ),
    ],
)
def test_each_mistake_has_its_place(text: str, rule: str, at: tuple[int, int], says: str) -> None:
    (problem,) = problems(text)
    assert problem.span is not None
    assert (problem.rule, (problem.span.line, problem.span.column)) == (rule, at)
    assert says in problem.message


def test_a_misspelt_key_names_the_nearest_right_one() -> None:
    text = HEAD + "steps:\n- name: a\n  image: b\n  comands: [make]\n"
    (warning,) = load(text.encode(), file=".drone.yml", trusted=False).warnings
    assert str(warning) == (
        ".drone.yml:7:3: there is no key `comands` here, so it is ignored; did you mean "
        "`commands`? [unknown-key]\n"
        "  7 |   comands: [make]\n"
        "    |   ^^^^^^^"
    )


def test_a_colon_in_a_command_is_explained() -> None:
    (problem,) = problems(HEAD + "steps:\n- name: a\n  image: b\n  commands:\n  - echo a: b\n")
    assert "quotes" in problem.advice


def test_a_single_command_is_told_to_be_a_list() -> None:
    (problem,) = problems(HEAD + "steps:\n- {name: a, image: b, commands: make}\n")
    assert problem.advice == "put `- ` before it"


def test_all_mistakes_are_told_at_once_in_order() -> None:
    text = HEAD + "steps:\n- {name: a, imag: b}\n- {name: c, image: d, whn: e}\nfoo: bar\n"
    assert [problem.rule for problem in problems(text)] == [
        "missing-key",
        "unknown-key",
        "unknown-key",
        "unknown-key",
    ]


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("env: {A: b}\nsteps: [{name: a, image: i}]", "it is `environment` here"),
        ("variables: {A: b}\nsteps: [{name: a, image: i}]", "it is `environment` here"),
        ("when: {branch: x}\nsteps: [{name: a, image: i}]", "it is `trigger` here"),
        ("steps: [{name: a, image: i, commands: [x], trigger: {}}]", "it is `when` here"),
        ("steps: [{name: a, image: i, commands: [x], timeout: 5}]", "`test: {timeout: ...}`"),
        (
            "steps: [{name: a, image: i, script: [x]}]",
            "it is `commands` here, or under `settings` a plugin's",
        ),
        ("steps: [{name: a, image: i, repo: x}]", "a plugin reads it under `settings`"),
        ("shared: {a: b}\nsteps: [{name: a, image: i}]", "call it `x-shared`"),
        ("steps: [{name: a, image: i, commands: [x], zzz: 1}]", "docs/pipeline-file.md lists"),
        ("clone: {zzz: 1}\nsteps: [{name: a, image: i}]", "it takes disable, depth"),
    ],
)
def test_an_unknown_key_is_told_the_right_word(text: str, advice: str) -> None:
    file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=False)
    (warning,) = file.warnings
    assert advice in warning.advice
    assert len(str(warning).splitlines()[0]) < 160
