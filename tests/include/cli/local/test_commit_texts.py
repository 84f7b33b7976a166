"""`fab lint` tells where a usual message would refuse a build, before somebody writes one."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from include.cli.local.commit_texts import refused_texts
from include.cli.pipelines import lint_files
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import MOST_SHOWN

IN_MAKE = """\
kind: pipeline
steps:
- name: a
  image: 'i:${DRONE_TAG}'
  commands: [echo "${DRONE_COMMIT_MESSAGE}", 'make MSG="${%s}"']
"""


@pytest.mark.parametrize(
    "name", ["DRONE_COMMIT_MESSAGE", "DRONE_COMMIT_AUTHOR", "CI_COMMIT_MESSAGE"]
)
def test_a_place_that_takes_plain_values_alone_is_told(name: str) -> None:
    file = load((IN_MAKE % name).encode(), file="f", trusted=False)
    (problem,) = refused_texts(file, trusted=False)
    assert (problem.rule, problem.span and problem.span.line) == ("commit-text-in-code", 5)
    assert problem.message.startswith(f"${{{name}}} takes plain values alone here")
    assert "let what make runs read its variable" in problem.advice


@pytest.mark.parametrize("name", ["DRONE_BRANCH", "DRONE_COMMIT_SHA", "DRONE_TAG", "NOBODYS"])
def test_what_is_nearly_always_plain_is_no_reason_to_warn(name: str) -> None:
    file = load((IN_MAKE % name).encode(), file="f", trusted=False)
    assert refused_texts(file, trusted=False) == []


def test_what_else_only_a_build_knows_is_left_to_it() -> None:
    text = b"kind: pipeline\nsteps: [{name: a, image: '${NOBODYS}'}]\n"
    assert refused_texts(load(text, file="f", trusted=False), trusted=False) == []


def test_it_is_a_warning_and_a_mistake_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / ".drone.yml").write_text(IN_MAKE % "DRONE_COMMIT_MESSAGE")
    out = io.StringIO()
    assert lint_files([tmp_path], trusted=False, out=out) == 0
    assert f"  warning: {tmp_path}/.drone.yml:5:" in out.getvalue()
    assert lint_files([tmp_path], trusted=False, strict=True, out=out) == 1


SEVERAL = """\
kind: pipeline
environment: {BASH_ENV: "${DRONE_COMMIT_MESSAGE}"}
services:
- name: db
  image: postgres:15
  entrypoint: [make, "MSG=${DRONE_COMMIT_MESSAGE}"]
steps:
- name: a
  image: golang
  commands:
  - for one in a b; do
  - make MSG="${DRONE_COMMIT_MESSAGE}" BY="${DRONE_COMMIT_AUTHOR}"
  - done
  - echo "${DRONE_COMMIT_MESSAGE}"
  - awk "{ print ${DRONE_COMMIT_MESSAGE} }"
- name: b
  image: golang
  commands: ['python -c "say(${DRONE_COMMIT_AUTHOR})"']
"""


def test_each_place_is_told_and_what_is_right_is_not() -> None:
    file = load(SEVERAL.encode(), file="f", trusted=False)
    found = refused_texts(file, trusted=False)
    assert [one.span.line for one in found if one.span] == [2, 6, 12, 12, 15, 18]


def test_a_place_is_told_once_for_all_variants_of_a_matrix() -> None:
    commands = "commands: ['make A=${CI_COMMIT_MESSAGE}']"
    matrix = f"matrix: {{GO: [1, 2]}}\npipeline: {{a: {{image: 'go:$$GO', {commands}}}}}"
    file = load(matrix.encode(), file="f", trusted=False)
    assert len(file.pipelines) == 2
    assert len(refused_texts(file, trusted=False)) == 1


def test_no_more_are_told_than_anybody_reads() -> None:
    commands = "\n".join('  - make MSG="${DRONE_COMMIT_MESSAGE}"' for _ in range(MOST_SHOWN * 2))
    text = f"kind: pipeline\nsteps:\n- name: a\n  image: go\n  commands:\n{commands}\n"
    file = load(text.encode(), file="f", trusted=False)
    assert len(refused_texts(file, trusted=False)) == MOST_SHOWN
