"""What a container runs without ``commands``: its ``entrypoint`` and ``command``."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from slipway.pipeline.compiler import Build, compile_file
from slipway.pipeline.load import load

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.pipeline.spec import BuildSpec, StepSpec

EVIL = "fix'\"; touch pwned; $(touch pwned) `touch pwned`"


def build(kind: str = "steps", /, **keys: object) -> BuildSpec:
    step = json.dumps({"name": "a", "image": "alpine", **keys})
    others = "" if kind == "steps" else "steps: [{name: b, image: alpine}]\n"
    file = load(f"kind: pipeline\n{kind}: [{step}]\n{others}".encode(), file="f", trusted=False)
    variables = {"DRONE_COMMIT_MESSAGE": EVIL, "DRONE_TAG": "v1.2.3"}
    return compile_file(file, Build(id="run", variables=variables))


def compiled(**keys: object) -> StepSpec:
    return build(**keys).pipelines[0].steps[0]


@pytest.mark.parametrize(
    "form",
    [
        "${DRONE_COMMIT_MESSAGE}",
        "${DRONE_COMMIT_MESSAGE:0:60}",
        "${DRONE_COMMIT_MESSAGE##fix}",
        "${NONE:-${DRONE_COMMIT_MESSAGE}}",
        "${DRONE_COMMIT_MESSAGE//fix/done}",
        "$${X}${DRONE_COMMIT_MESSAGE^}",
    ],
)
@pytest.mark.parametrize("key", ["command", "entrypoint"])
@pytest.mark.parametrize("kind", ["steps", "services"])
def test_text_of_a_commit_never_becomes_a_command_in_a_list(
    form: str, key: str, kind: str, tmp_path: Path
) -> None:
    spec = build(kind, **{key: ["sh", "-c", f"echo {form}; printf '<%s>' \"{form}\""]})
    step = getattr(spec.pipelines[0], kind)[0]
    done = subprocess.run(
        getattr(step, key), env={"PATH": os.environ["PATH"], **step.environment}, cwd=tmp_path,
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert not list(tmp_path.iterdir())
    assert "; touch pwned; $(touch pwned) `" in done.stdout.partition("<")[2]
    assert EVIL not in "".join(getattr(step, key))
    expected = f"{kind[:-1]} 'a', {key}: the value of {form.removeprefix('$${X}')} is more than"
    assert [notice for notice in spec.notices if notice.startswith(expected)]


def test_the_reference_that_is_left_is_the_one_that_was_written() -> None:
    step = compiled(command=["sh", "-c", "echo ${DRONE_COMMIT_MESSAGE} ${DRONE_TAG##v}"])
    assert step.command == ("sh", "-c", "echo ${DRONE_COMMIT_MESSAGE} 1.2.3")
    assert not [name for name in step.environment if name.startswith("DRONE_SUBSTITUTED")]


def test_plain_values_and_the_authors_own_words_are_pasted() -> None:
    spec = build(command=["--tag", "${DRONE_TAG}", "--of", "${NONE:-no body; here}", "${NONE}"])
    step = spec.pipelines[0].steps[0]
    assert step.command == ("--tag", "v1.2.3", "--of", "no body; here", "")
    assert spec.notices == ()


def test_what_is_computed_for_both_lists_is_told_apart() -> None:
    step = compiled(entrypoint=["${DRONE_COMMIT_MESSAGE^}"], command=["${DRONE_COMMIT_MESSAGE:1}"])
    assert step.entrypoint == ("${DRONE_SUBSTITUTED_1}",)
    assert step.command == ("${DRONE_SUBSTITUTED_2}",)
    assert step.environment["DRONE_SUBSTITUTED_2"] == EVIL[1:]
