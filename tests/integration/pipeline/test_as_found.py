"""Pipeline files as people have them, in real containers."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import docker
import pytest

from include.cli.local.working_copy import packed
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.result import BuildResult
from tests.integration.pipeline.as_found import projects
from tests.integration.pipeline.as_found.projects import DEBIAN

if TYPE_CHECKING:
    from tests.integration.pipeline.project import Project

pytestmark = pytest.mark.integration
other_image, project = projects.other_image, projects.project
ROOT = Path(__file__).parents[3]


def test_a_graph_deploys_nothing_after_a_failure_elsewhere_in_it(project: Project) -> None:
    result = project.run(
        f"""
steps:
- {{name: test, {DEBIAN}, commands: [sleep 1, exit 1], depends_on: [clone]}}
- {{name: build, {DEBIAN}, commands: [sleep 3], depends_on: [clone]}}
- {{name: deploy, {DEBIAN}, commands: [echo DEPLOYED], depends_on: [build]}}
"""
    )
    assert [step.state for step in result.steps] == ["failed", "passed", "skipped"]
    assert "DEPLOYED" not in project.log


def test_an_image_that_cannot_be_had_matters_only_where_it_is_reached(project: Project) -> None:
    result = project.run(
        f"""
steps:
- {{name: test, {DEBIAN}, commands: [exit 1]}}
- {{name: late, image: 'nowhere.invalid/x:1', commands: [ls]}}
- {{name: tell, {DEBIAN}, commands: ['echo told $DRONE_FAILED_STEPS'],
   when: {{status: [failure]}}}}
"""
    )
    assert [step.state for step in result.steps] == ["failed", "skipped", "passed"]
    assert "told test" in project.log


def test_settings_know_how_the_build_stands(project: Project) -> None:
    setting = "settings: {text: 'build ${DRONE_BUILD_STATUS}'}, commands: ['echo $PLUGIN_TEXT']"
    project.run(
        f"""
steps:
- {{name: tell, {DEBIAN}, {setting}}}
- {{name: fail, {DEBIAN}, commands: [exit 1]}}
- {{name: tell again, {DEBIAN}, {setting}, when: {{status: [failure]}}}}
"""
    )
    assert [line for line in project.log if line.startswith("build ")] == [
        "build success",
        "build failure",
    ]


def test_78_skips_the_rest_and_the_pipeline_is_green(project: Project) -> None:
    result = project.run(
        f"""
steps:
- {{name: unit, {DEBIAN}, commands: ["true"]}}
- {{name: anything-to-do, {DEBIAN}, commands: [echo nothing to build, exit 78]}}
- {{name: build, {DEBIAN}, commands: [echo must not run]}}
- {{name: tell, {DEBIAN}, commands: [echo must not run], when: {{status: [failure]}}}}
"""
    )
    assert [step.state for step in result.steps] == ["passed", "passed", "skipped", "skipped"]
    assert "must not run" not in project.log
    BuildResult(pipelines=(result,), seconds=1).raise_for_failure()


LONG = "".join(f"    {number:050d}\n" for number in range(4000))


def test_commands_of_any_length(project: Project) -> None:
    """More than a variable holds, as somebody who is not root; what is read is what was written."""
    result = project.run(
        f"""
steps:
- name: long
  image: debian:12
  user: nobody
  commands:
  - |
    wc -c <<'END'
{LONG}    END
  - echo "after $0"
  - cat /.slipway-commands | head -c 9; ls -A
"""
    )
    assert result.steps[0].state == "passed", project.log[-5:]
    assert str(4000 * 51) in result.tails["long"]
    assert "after /bin/sh" in result.tails["long"]


def test_a_secret_that_no_variable_can_hold_is_named(project: Project) -> None:
    result = project.run(
        f"""
steps:
- {{name: big, {DEBIAN}, environment: {{KEY: {{from_secret: key}}}}, commands: ["true"]}}
- {{name: tell, {DEBIAN}, commands: ["echo told"], when: {{status: [failure]}}}}
""",
        given=Given(secrets={"key": "x" * (200 << 10)}),
    )
    assert [step.state for step in result.steps] == ["failed", "passed"]
    assert "KEY (the secret 'key') would have 204804 bytes; 131071 is the limit" in (
        result.steps[0].note
    )


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    folder.mkdir()
    (folder / "script.sh").write_text("echo ran\n")

    def git(*words: str) -> None:
        subprocess.run(["git", "-C", folder, *words], check=True, capture_output=True)

    git("init", "-q")
    git("add", ".")
    git("-c", "user.name=Ada", "-c", "user.email=a@x", "commit", "-qm", "First")
    return folder


def test_whoever_a_step_runs_as_uses_git_and_owns_the_workspace(
    project: Project, repository: Path
) -> None:
    toolbox = "image: 'slipway/toolbox:1'"
    work = "commands: [git rev-parse HEAD, git status --short, 'mkdir $DRONE_STEP_NAME', "
    runner = project.runner(
        f"""
steps:
- {{name: root, {toolbox}, {work} echo x > made]}}
- {{name: number, {toolbox}, user: "1000", {work} id -u, chmod +x script.sh, ./script.sh,
   echo y >> made, touch -d yesterday made, git add made]}}
- {{name: named, {toolbox}, user: nobody, {work} id -un, git log -1, rm -r number]}}
- {{name: again, {toolbox}, {work} git -c user.name=B -c user.email=b@x commit -qam Second]}}
"""
    )
    result = runner.run(packed(repository))
    assert project.leftovers() == 0
    assert [step.state for step in result.steps] == ["passed"] * 4, "\n".join(project.log)
    assert {"1000", "ran"} <= set(result.tails["number"])


def test_an_image_that_is_somebody_elses_may_write(project: Project, other_image: str) -> None:
    result = project.run(
        f"steps: [{{name: a, image: '{other_image}', commands: [id -un, mkdir build]}},"
        f" {{name: b, image: '{other_image}', commands: [rmdir build]}}]"
    )
    assert [step.state for step in result.steps] == ["passed", "passed"], project.log
    assert "nobody" in result.tails["a"]


# At a shell

COPY = """
import signal
import sys
from pathlib import Path
signal.signal(signal.SIGINT, signal.default_int_handler)  # a test may run where it is ignored
from include.cli.choices import Choices
from include.cli.pipelines import run_working_copy
images = {"debian:12": "slipway/debian:12"}
raise SystemExit(
    run_working_copy(Path(sys.argv[1]), Choices(images=images), timeout=60, out=sys.stdout)
)
"""


def run_copy(folder: Path, home: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-u", "-c", COPY, folder],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "XDG_CACHE_HOME": str(home)},
    )


def test_two_runs_of_one_commit_at_once_do_not_hurt_each_other(
    repository: Path, tmp_path: Path
) -> None:
    (repository / ".drone.yml").write_text(
        f"kind: pipeline\nsteps: [{{name: a, {DEBIAN}, commands: [sleep 2, echo x > y]}},"
        f" {{name: b, {DEBIAN}, commands: [sleep 1, cat y]}}]\n"
    )
    runs = [run_copy(repository, tmp_path) for _ in range(2)]
    said = [run.communicate(timeout=90)[0] for run in runs]
    assert [run.returncode for run in runs] == [0, 0], "\n".join(said)


def test_ctrl_c_says_stopped_and_leaves_nothing(repository: Path, tmp_path: Path) -> None:
    (repository / ".drone.yml").write_text(
        f"kind: pipeline\nsteps: [{{name: slow, {DEBIAN}, commands: [echo here, sleep 60]}}]\n"
    )
    run = run_copy(repository, tmp_path)
    assert run.stdout is not None
    lines = [""]
    while "here" not in lines[-1].split("\n"):
        lines.append(run.stdout.readline())
        assert lines[-1], lines
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    rest, _ = run.communicate(timeout=60)
    assert run.returncode == 130, rest
    assert "step slow: stopped" in rest
    assert "exit code" not in rest
    client = docker.APIClient(timeout=60)
    left = client.containers(all=True, filters={"label": "slipway.installation=exec"})
    assert [one["Names"] for one in left if "slow" in str(one["Names"])] == []
