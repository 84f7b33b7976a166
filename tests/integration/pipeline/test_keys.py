"""What each key of a pipeline does to a real container."""

from __future__ import annotations

import base64
import io
import subprocess
import tarfile
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import docker
import pytest

from slipway.hooks.git.mirror import GitMirror
from slipway.pipeline.compiler.status import Standing
from slipway.pipeline.reports.junit import Reports
from slipway.pipeline.runtime.collect import Aftermath
from slipway.pipeline.runtime.inputs import Given
from tests.integration.pipeline.keys import projects
from tests.integration.pipeline.keys.projects import DEBIAN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository
    from tests.integration.pipeline.project import Project

pytestmark = pytest.mark.integration
project = projects.project
STATUS = "'echo $DRONE_STAGE_STATUS $DRONE_BUILD_STATUS \"$DRONE_FAILED_STEPS\"'"


@pytest.mark.parametrize(
    ("command", "states", "told"),
    [
        ("exit 1", ["failed", "passed", "passed", "skipped"], "failure failure first"),
        ("exit 0", ["passed", "skipped", "passed", "passed"], "success success "),
    ],
)
def test_status(project: Project, command: str, states: list[str], told: str) -> None:
    result = project.run(
        f"""
steps:
- {{name: first, {DEBIAN}, commands: [{command}]}}
- {{name: on-failure, {DEBIAN}, commands: [{STATUS}], when: {{status: [failure]}}}}
- {{name: always, {DEBIAN}, commands: [{STATUS}], when: {{status: [success, failure]}}}}
- {{name: on-success, {DEBIAN}, commands: [{STATUS}]}}
"""
    )
    assert [step.state for step in result.steps] == states
    assert result.tails["always"][-1] == told


def test_failing_fast_kills_what_runs(project: Project) -> None:
    result = project.run(
        f"""
steps:
- {{name: bad, {DEBIAN}, commands: [sleep 1, exit 1], failure: fast, depends_on: [clone]}}
- {{name: slow, {DEBIAN}, commands: [sleep 300], depends_on: [clone]}}
- {{name: after, {DEBIAN}, commands: ['true'], depends_on: [slow]}}
"""
    )
    assert [step.state for step in result.steps] == ["failed", "killed", "skipped"]
    assert result.seconds < 20


def test_volumes_are_shared_or_each_containers_own(project: Project) -> None:
    result = project.run(
        f"""
volumes:
- {{name: disk, temp: {{}}}}
- {{name: ram, temp: {{medium: memory, size_limit: 1m}}}}
- {{name: host, host: {{path: /etc/slipway-no-such-folder}}}}
steps:
- name: write
  {DEBIAN}
  volumes: [{{name: disk, path: /disk}}, {{name: ram, path: /ram}}, {{name: host, path: /host}}]
  commands:
  - echo kept > /disk/a
  - df --output=fstype,size /ram | tail -1
  - head -c 2000000 /dev/zero > /ram/big && exit 9 || true
- name: read
  {DEBIAN}
  volumes: [{{name: disk, path: /other}}, {{name: ram, path: /ram}}]
  commands: [cat /other/a, ls -A /ram]
""",
        trusted=True,
    )
    assert [step.state for step in result.steps] == ["passed", "passed"], project.log
    assert any(line.split() == ["tmpfs", "1024"] for line in result.tails["write"])
    assert result.tails["read"][1] == "kept"
    assert result.tails["read"][-1] == "+ ls -A /ram"


SECRET, KEY = "hunter2/&x", "line one of it\nline two of it"


def test_secrets_are_given_where_asked_for_and_never_shown(project: Project) -> None:
    given = Given(secrets={"word": SECRET, "key": KEY})
    result = project.run(
        f"""
steps:
- name: asks
  {DEBIAN}
  environment: {{WORD: {{from_secret: word}}, KEY: {{from_secret: key}}}}
  commands:
  - test ${{#WORD}} = {len(SECRET)}
  - echo "plain $WORD"; echo "$KEY"
  - printf 'user:%s' "$WORD" | base64
  - echo {quote(SECRET, safe="")}
- name: does-not
  {DEBIAN}
  commands: ['env | grep -c hunter2', exit 3]
- name: fails
  {DEBIAN}
  environment: {{WORD: {{from_secret: word}}}}
  commands: ['echo "wrong: $WORD"; exit 4']
  when: {{status: [failure]}}
""",
        given=given,
    )
    assert [step.exit_code for step in result.steps] == [0, 1, 4]
    shown = "\n".join([*project.log, *result.failures()])
    assert "plain ******" in shown
    assert "wrong: ******" in shown
    hidden = (SECRET, "line one of it", "line two of it", quote(SECRET, safe=""))
    assert not [secret for secret in hidden if secret in shown]
    assert base64.b64encode(f"user:{SECRET}".encode()).decode() not in shown


def test_no_secret_is_part_of_a_command(project: Project) -> None:
    runner = project.runner(
        f"steps: [{{name: a, {DEBIAN}, environment: {{W: {{from_secret: w}}}}, commands: [a]}}]",
        given=Given(secrets={"w": SECRET}),
    )
    (step,) = runner._spec.steps
    container = project.engine.create(runner._describe(step, Standing()))
    config = docker.APIClient().inspect_container(container)
    assert SECRET not in str([config["Path"], config["Args"], config["Config"]["Labels"]])


def test_steps_in_a_row_may_listen_on_the_same_port(project: Project) -> None:
    serve = (
        "python3 -m http.server 8000 & sleep 1;"
        " python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:8000')\""
    )
    steps = "".join(
        f"- {{name: s{n}, image: 'python:3.11', commands: [{serve!r}]}}\n".replace("\\'", "''")
        for n in range(3)
    )
    result = project.run(f"steps:\n{steps}")
    assert [step.state for step in result.steps] == ["passed"] * 3, project.log


REPORT = """<testsuite><testcase name="good"/>
<testcase name="bad"><failure message="no"/></testcase></testsuite>"""


def test_a_report_is_kept_although_its_step_failed(project: Project) -> None:
    result = project.run(
        f"steps: [{{name: a, {DEBIAN}, commands: [mkdir -p out, cp r.xml out/r.xml, exit 1]}}]",
        {"r.xml": REPORT},
        given=Given(collect=("out", "absent")),
    )
    counts = result.reports.counts
    assert counts is not None
    assert (counts.tests, counts.failures, counts.failed[0].message) == (2, 1, "no")


def test_the_workspace_has_its_history(
    project: Project, repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept: list[bytes] = []

    def keep(self: Aftermath, steps: Any, workspace: str, paths: Any) -> Reports:
        container = f"{self._containers.made('a')}"
        kept.append(b"".join(self._engine.tar_stream(container, workspace)))
        return Reports()

    monkeypatch.setattr(Aftermath, "reports", keep)
    odd = "caf\udce9"
    pinned = repository.commit(readme="one", **{odd: "x"})
    repository.git("tag", "v1.0.0")
    repository.commit(
        readme="two", _dot_gitmodules=f'[submodule "lib"]\n\tpath = lib\n\turl = {repository.url}\n'
    )
    repository.git("update-index", "--add", "--cacheinfo", f"160000,{pinned},lib")
    repository.git("commit", "--quiet", "-m", "vendor")
    sha = repository.git("rev-parse", "HEAD")
    mirror = GitMirror(url=repository.url, root=tmp_path / "mirrors")
    sources = mirror.workspace(mirror.find("main").sha, branch="main")
    runner = project.runner(
        f"steps: [{{name: a, {DEBIAN}, commands: [cat readme .git/HEAD, touch new]}}]"
    )
    result = runner.run(sources)
    assert result.tails["a"][1:] == ("tworef: refs/heads/main", "+ touch new")
    with tarfile.open(fileobj=io.BytesIO(kept[0])) as archive:
        archive.extractall(tmp_path / "seen", filter="fully_trusted")
    work = min((tmp_path / "seen").rglob(".git"), key=lambda path: len(path.parts))
    git = ["git", "-C", str(work.parent)]
    log = subprocess.run([*git, "log", "--format=%H"], check=True, capture_output=True, text=True)
    status = subprocess.run([*git, "status", "-s"], check=True, capture_output=True, text=True)
    assert log.stdout.split()[0] == sha
    assert status.stdout.split() == ["??", "new"]
    for place, head in (("lib", pinned), (".", sha)):
        asked = [*git, "-C", place, "rev-parse", "HEAD"]
        done = subprocess.run(asked, check=True, capture_output=True, text=True)
        assert done.stdout.strip() == head
        assert (work.parent / place / odd).read_text() == "x"
