"""What a container runs without ``commands``: its ``entrypoint`` and ``command``."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

if TYPE_CHECKING:
    from pathlib import Path

    from slipway.pipeline.compiler.spec import BuildSpec, StepSpec

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
@pytest.mark.parametrize(("key", "runs"), [("command", "argv"), ("entrypoint", "entrypoint")])
@pytest.mark.parametrize("kind", ["steps", "services"])
def test_text_of_a_commit_never_becomes_a_command_in_a_list(
    form: str, key: str, runs: str, kind: str, tmp_path: Path
) -> None:
    spec = build(kind, **{key: ["sh", "-c", f"echo {form}; printf '<%s>' \"{form}\""]})
    step = getattr(spec.pipelines[0], kind)[0]
    done = subprocess.run(
        getattr(step.container, runs),
        env={"PATH": os.environ["PATH"], **step.container.environment},
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert not list(tmp_path.iterdir())
    assert "; touch pwned; $(touch pwned) `" in done.stdout.partition("<")[2]
    assert EVIL not in "".join(getattr(step.container, runs))


def test_other_programs_are_given_the_text_itself() -> None:
    step = compiled(entrypoint=["notify"], command=["--text", "<${DRONE_COMMIT_MESSAGE}>"])
    assert step.container.argv == ("--text", f"<{EVIL}>")
    assert not [name for name in step.container.environment if name.startswith("DRONE_SUBSTITUTED")]
    assert compiled(command=["notify", "${DRONE_COMMIT_MESSAGE}"]).container.argv == (
        "notify",
        EVIL,
    )


def test_the_first_word_for_an_image_that_may_be_a_shell_is_left_to_it() -> None:
    spec = build(command=["echo ${DRONE_COMMIT_MESSAGE}", "x"])
    assert spec.pipelines[0].steps[0].container.argv == ("echo ${DRONE_SUBSTITUTED_1}", "x")
    (notice,) = spec.notices
    assert notice.startswith("step 'a', command: the value of ${DRONE_COMMIT_MESSAGE} is more than")


@pytest.mark.parametrize(
    "keys",
    [
        {"entrypoint": ["${DRONE_COMMIT_MESSAGE}"]},
        {"command": ["python3", "-c", "print('${DRONE_COMMIT_MESSAGE}')"]},
        {"entrypoint": ["sh", "-c"], "command": ["${DRONE_COMMIT_MESSAGE}"]},
        {"entrypoint": ["sudo", "bash", "-c", "echo ${DRONE_COMMIT_MESSAGE}"]},
    ],
)
def test_what_would_be_code_is_refused_at_its_place(keys: dict[str, list[str]]) -> None:
    with pytest.raises(PipelineFileInvalid, match=r"f:2:\d+: \$\{DRONE_COMMIT_MESSAGE\} is more"):
        compiled(**keys)


def test_plain_values_and_the_authors_own_words_are_pasted() -> None:
    spec = build(command=["--tag", "${DRONE_TAG}", "--of", "${NONE:-no body; here}", "${NONE}"])
    step = spec.pipelines[0].steps[0]
    assert step.container.argv == ("--tag", "v1.2.3", "--of", "no body; here", "")
    assert spec.notices == ()


def test_what_is_computed_for_both_lists_is_told_apart() -> None:
    step = compiled(
        entrypoint=["sh", "-c", "echo ${DRONE_COMMIT_MESSAGE^} $0"],
        command=["x", "sh", "-c", "echo ${DRONE_COMMIT_MESSAGE:1}"],
    )
    assert step.container.entrypoint == ("sh", "-c", "echo ${DRONE_SUBSTITUTED_1} $0")
    assert step.container.argv == ("x", "sh", "-c", f"echo {EVIL[1:]}")
