"""Documents of a file that are not run here, and what waits for them."""

from __future__ import annotations

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import PipelineFile, load
from slipway.pipeline.yaml.conditions import Event
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

STEPS = "steps: [{name: s, image: i}]\n"
HERE = f"kind: pipeline\nname: here\n{STEPS}"
THERE = "---\nkind: pipeline\ntype: exec\nname: there\nplatform: {os: darwin}\nsteps: []\n"


def read(text: str, *, strict: bool = False) -> PipelineFile:
    return load(text.encode(), file="f", trusted=False, strict=strict)


def after(*names: str, name: str = "after") -> str:
    return f"---\nkind: pipeline\nname: {name}\ndepends_on: [{', '.join(names)}]\n{STEPS}"


def unmet(spec: BuildSpec) -> dict[str, str]:
    return {pipeline.name: pipeline.unmet for pipeline in spec.pipelines}


def test_the_docker_document_runs_and_the_other_is_named() -> None:
    file = read(HERE + THERE)
    assert [pipeline.name for pipeline in file.pipelines] == ["here"]
    (warning,) = file.warnings
    assert str(warning).startswith("f:6:7: there is not run: pipelines of type exec are not run")
    with pytest.raises(PipelineFileInvalid, match="there is not run"):
        read(HERE + THERE, strict=True)


def test_what_waits_for_the_other_is_named_and_not_run_and_so_on() -> None:
    file = read(HERE + THERE + after("there") + after("after", "here", name="last"))
    assert [warning.rule for warning in file.warnings] == [
        "unsupported-type",
        "waits-for-another-runner",
        "waits-for-another-runner",
    ]
    assert "`last` waits for `after`, so it is not run here either" in file.warnings[2].message
    spec = compile_file(file, Build(id="x"))
    assert unmet(spec) == {
        "here": "",
        "after": "waits for there, which is not run here",
        "last": "waits for after, which is not run here",
    }
    assert [pipeline.depends_on for pipeline in spec.pipelines] == [(), (), ("after", "here")]


def test_nobody_waits_for_what_would_not_be_run_for_this_event_at_all() -> None:
    there = THERE.replace("name: there", "name: there\ntrigger: {event: tag}")
    file = read(HERE + there + after("there"))
    assert unmet(compile_file(file, Build(id="x", event=Event(name="push"))))["after"] == ""
    assert unmet(compile_file(file, Build(id="x", event=Event(name="tag"))))["after"] != ""


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("kind: pipeline\ntype: exec\nsteps: []\n", "unsupported-type"),
        ("name: x\nsteps: []\n", "missing-key"),
        ("kind: pipelin\nsteps: []\n", "unknown-kind"),
        (
            "kind: pipeline\ntype: kubernetes\nvolumes: [{name: v, claim: {name: c}}]\n",
            "unsupported-type",
        ),
    ],
)
def test_a_file_with_nothing_else_is_refused(text: str, rule: str) -> None:
    with pytest.raises(PipelineFileInvalid) as caught:
        read(text)
    assert [problem.rule for problem in caught.value.problems] == [rule]


def test_a_trigger_that_makes_no_sense_is_one_that_is_always_met() -> None:
    there = THERE.replace("name: there", "name: there\ntrigger: {event: {include: {a: b}}}")
    file = read(HERE + there + after("there"))
    assert unmet(compile_file(file, Build(id="x")))["after"] != ""


@pytest.mark.parametrize("kind", ["[pipeline]", "{a: b}", "5", "true", "~"])
def test_a_kind_that_is_no_text_is_a_mistake_at_its_place(kind: str) -> None:
    with pytest.raises(PipelineFileInvalid, match=r"^f:1:[17]: (there is no kind|`kind` is miss)"):
        load(f"kind: {kind}\nsteps: [{{name: a, image: b}}]\n".encode(), file="f", trusted=False)
