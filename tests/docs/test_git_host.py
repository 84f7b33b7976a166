"""What a newcomer types for a first pull request is right, as it stands there."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from include.delivery.commit_dag import dag_ids
from include.delivery.targets import watching_of
from include.demo import airflow_environment, git_host, paths
from include.demo.pull_request import __main__ as pull_request
from include.localforge.state import ForgeHome
from include.project.model import Project
from slipway.model.forge.place import ForgeKind
from tests.docs.own_project import FIVE_MINUTES, PROJECT_FILE, ROOT

PAGE = (ROOT / "docs" / "git-host.md").read_text()
AT_A_HOST, HERE = PAGE.split("## On one machine, without an account\n")
COMMANDS = re.findall(r"`?(python -m include\.demo\.pull_request [^`\n]+)", HERE)

TYPED = re.compile(r"(?m)^ {7}((?:git|sed|cp) .*)$")
WHO = ("-c user.name=Ada", "-c user.email=ada@example.com")


def project(page: str) -> Project:
    """Return the README's project with the repository that a part of the page has."""
    [written] = re.findall(r"(?s)```yaml\n(.*?)```", page)
    found = yaml.safe_load(PROJECT_FILE)
    lines = written.splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    found |= yaml.safe_load("\n".join(line[indent:] for line in lines))
    return Project.model_validate(found)


@pytest.mark.parametrize(
    ("page", "kind", "path"),
    [
        (AT_A_HOST, ForgeKind.BITBUCKET, "acme/shop"),
        (HERE, ForgeKind.BITBUCKET, "acme/hello"),
    ],
)
def test_its_project_files_have_all_that_a_pull_request_needs(
    page: str, kind: ForgeKind, path: str
) -> None:
    found = project(page)
    assert "hello.pr" in dag_ids(found)
    assert found.repository.statuses
    assert found.repository.webhook
    place: Any = watching_of(found).pull_requests
    assert (place.kind, place.path) == (kind, path)


def test_on_one_machine_it_is_the_demos_host_and_its_token() -> None:
    repository = project(HERE).repository
    assert str(repository.forge_url) == paths.FORGE_URL
    assert repository.url.startswith(f"git://127.0.0.1:{paths.GIT_PORT}/")
    known = airflow_environment.environment(signing_key="k", gateway="http://g", databases={})
    assert f"AIRFLOW_CONN_{str(repository.forge_connection).upper()}" in known
    assert f"airflow connections add {repository.webhook} " in HERE


def test_its_commands_know_all_their_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Any
) -> None:
    home = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "git")
    monkeypatch.setattr(git_host, "HOME", home)
    assert len(COMMANDS) == 2
    for command in COMMANDS:
        monkeypatch.setattr("sys.argv", shlex.split(command)[2:])
        with pytest.raises(SystemExit):
            pull_request.main()
        assert "has no repository acme/hello" in capsys.readouterr().err


@pytest.mark.parametrize("is_pushed_first", [True, False])
def test_its_pushes_and_the_readmes_follow_each_other_in_either_order(
    tmp_path: Path, is_pushed_first: bool
) -> None:
    """None of them finds that there is nothing to commit."""
    clone = tmp_path / "slipway"
    shutil.copytree(
        ROOT / "include" / "examples" / "hello", clone / "include" / "examples" / "hello"
    )
    first, last = (TYPED.findall(part) for part in FIVE_MINUTES.split("5. **Change it"))
    here = TYPED.findall(HERE)
    order = [*first, *last, *here] if is_pushed_first else [*first, *here, *last]
    typed = [one.replace("git ", f"git {' '.join(WHO)} ", 1) for one in order]
    script = "set -e\n" + "\n".join(typed)
    (clone / ".slipway" / "git" / "acme").mkdir(parents=True)
    done = subprocess.run(["bash", "-c", script], cwd=clone, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    said = subprocess.run(
        ["git", "-C", ".slipway/git/acme/hello.git", "log", "--format=%s", "main"],
        cwd=clone,
        capture_output=True,
        text=True,
        check=True,
    )
    assert set(said.stdout.splitlines()) == {"Say hello", "Say it again", "Say it twice"}
    assert "Everything up-to-date" not in done.stderr
