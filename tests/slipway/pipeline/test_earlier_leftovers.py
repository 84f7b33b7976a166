"""What earlier forms say beside the common: honoured where it can be, and never gone in silence."""

from __future__ import annotations

import textwrap

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.yaml.conditions import Event
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid


def read(text: str, *, trusted: bool = False) -> PipelineFile:
    return load(textwrap.dedent(text).encode(), file="f", trusted=trusted)


def warned(text: str) -> list[tuple[str, int]]:
    return [(one.rule, one.span.line if one.span else 0) for one in read(text).warnings]


def compiled(text: str, event: Event | None = None) -> BuildSpec:
    return compile_file(read(text), Build(id="run", event=event or Event()))


@pytest.mark.parametrize(
    ("when", "runs"),
    [
        ('{V: "2"}', [False, True]),
        ("{include: {V: '2'}}", [False, True]),
        ("{exclude: {V: '2'}}", [True, False]),
        ("{V: '*'}", [True, True]),
        ("{V: '2', W: x}", [False, False]),
        ("~", [True, True]),
    ],
)
def test_a_step_of_one_variant_runs_in_that_alone(when: str, runs: list[bool]) -> None:
    spec = compiled(f"""\
        pipeline:
          test: {{image: "i:${{V}}", commands: [x]}}
          publish: {{image: p, when: {{matrix: {when}}}}}
        matrix: {{V: ["1", "2"]}}
        """)
    names = [[step.name for step in pipeline.steps] for pipeline in spec.pipelines]
    assert [("publish" in one) for one in names] == runs
    assert all("test" in one for one in names)


def test_variants_keep_the_order_of_their_groups() -> None:
    spec = compiled("""\
        pipeline:
          a: {image: i, group: g}
          b: {image: i, group: g, when: {matrix: {V: "2"}}}
          c: {image: i}
        matrix: {V: ["1", "2"]}
        """)
    before = [{one.name: one.depends_on for one in each.steps} for each in spec.pipelines]
    assert before[0] == {"a": (), "c": ("a",)}
    assert before[1] == {"a": (), "b": (), "c": ("a", "b")}


def test_a_plugin_of_2015_for_one_variant_runs_in_that_alone() -> None:
    spec = compiled("""\
        build: {image: "i:$$V", commands: [x]}
        deploy: {heroku: {app: a, when: {matrix: {V: "2"}}}}
        matrix: {V: ["1", "2"]}
        """)
    assert [len(pipeline.steps) for pipeline in spec.pipelines] == [1, 2]


@pytest.mark.parametrize("key", ["local: true", "platform: linux/amd64", "path: [src]"])
def test_a_condition_of_0_8_that_is_gone_is_named(key: str) -> None:
    assert warned(f"pipeline:\n  a:\n    image: i\n    when: {{{key}}}\n") == [("unknown-key", 4)]


def test_a_deployment_to_an_environment_is_a_promotion_to_it() -> None:
    text = "pipeline: {a: {image: i, when: {event: [deployment], environment: production}}}"
    promotion = Event(name="promote", target="production")
    assert compiled(text, promotion).pipelines[0].steps[0].unmet == ""
    assert compiled(text, Event(name="promote", target="dev")).pipelines[0].steps[0].unmet
    assert compiled(text).pipelines[0].steps[0].unmet
    assert [rule for rule, _ in warned(text)] == ["unknown-word"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("pipeline: {a: {image: i}}\nmatrix: {V: 12}", [("matrix", 2)]),
        ("pipeline: {a: {image: i}}\nmatrix: [1]", [("matrix", 2)]),
        ("pipeline:\n  a:\n    image: i\n    environment: A=b", [("variables", 4)]),
        ("pipeline:\n  a:\n    image: i\n    secrets: tok", [("secrets", 4)]),
        ("pipeline:\n  a:\n    image: i\n    secrets:\n    - [x]", [("secrets", 5)]),
        (
            "pipeline: {a: {image: i}}\nclone:\n  git:\n    image: plugins/git\n    skip: x",
            [("unknown-key", 5)],
        ),
        (
            "image: i\nscript: [x]\nenv: A=b\ngit: {depth: 1, quiet: true}",
            [("variables", 3), ("unknown-key", 4)],
        ),
        ("build: {image: i, commands: [x]}\nclone: {depth: 1, skip: x}", [("unknown-key", 2)]),
    ],
)
def test_leftovers_that_mean_nothing_are_named(text: str, expected: list[tuple[str, int]]) -> None:
    assert warned(text) == expected


def test_a_value_of_the_matrix_that_is_none_is_empty() -> None:
    spec = compiled("pipeline: {a: {image: 'i${V}', commands: [x]}}\nmatrix: {V: [~, ':2']}")
    assert [one.steps[0].image for one in spec.pipelines] == ["i", "i:2"]


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("redis-server --port 7000", ("redis-server", "--port", "7000")),
        ("sh -c 'echo x y'", ("sh", "-c", "echo x y")),
        ("it's", ("it's",)),
        ("top", ("top",)),
    ],
)
def test_a_command_of_one_text_is_its_words(command: str, words: tuple[str, ...]) -> None:
    text = (
        f'services:\n  r:\n    image: i\n    command: "{command}"\npipeline: {{a: {{image: i}}}}\n'
    )
    assert compiled(text).pipelines[0].services[0].container.argv == words
    assert warned(text) == ([("words", 4)] if len(words) > 1 else [])


@pytest.mark.parametrize(
    "text",
    [
        "pipeline:\n  a: {image: i}\n  b:\n    image: i\n    volumes:\n    - /a:/b\n",
        "pipeline:\n  a: {image: i}\n  b:\n    image: i\n    # a text\n    volumes: /a:/b\n",
        "build:\n  image: i\n  commands: [x]\n  # not\n  volumes:\n  - /tmp/cache:/cache\n",
    ],
)
def test_a_refusal_shows_the_line_of_its_cause(text: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        read(text)
    (problem,) = caught.value.problems
    assert problem.rule == "untrusted"
    assert problem.span
    assert problem.span.line == 6


def test_a_secret_within_a_text_of_2015_is_named() -> None:
    text = """\
        build:
          image: i
          commands: [x]
          environment: [B=x-$$TOK]
        notify:
          slack:
            webhook_url: https://x/$$HOOK
        """
    assert warned(text) == [("nested-secret", 4), ("nested-secret", 7)]


def test_dollars_of_2015_that_name_no_secret_are_left_alone() -> None:
    spec = compiled("build: {image: i, commands: [\"awk '{print $$1}' f\", 'echo $$A_$$B_C $$A.']}")
    step = spec.pipelines[0].steps[0]
    assert step.secrets == {"A": "A", "B_C": "B_C"}
    assert "awk '{print $1}' f" in step.container.environment["DRONE_SCRIPT"]
    assert "\necho ${A}_$B_C $A.\n" in step.container.environment["DRONE_SCRIPT"]


def test_services_of_2014_with_one_name_are_numbered() -> None:
    spec = compiled("image: i\nscript: [x]\nservices: [postgres, acme/postgres, 'x/postgres:9']\n")
    names = [one.name for one in spec.pipelines[0].services]
    assert names == ["postgres", "postgres-2", "postgres-3"]


def test_a_plugin_of_2015_without_settings_is_taken() -> None:
    spec = compiled("build: {image: i, commands: [x]}\nnotify: {email: }\n")
    assert [one.image for one in spec.pipelines[0].steps] == ["i", "plugins/email"]
