"""The commands that `fab lint`, `fab compile` and `fab exec` are."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from pathlib import Path
from unittest import mock

import docker
import pytest

from include.cli.choices import Choices
from include.cli.local.working_copy import checkout_of, packed
from include.cli.pipelines import compile_to_json, lint_files, run_working_copy
from include.project.loader import load_project
from slipway.model.git.large_files import LargeFiles

ROOT = Path(__file__).resolve().parents[3]
GOOD = "kind: pipeline\nsteps: [{name: a, image: i, when: {event: tag}}]\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / ".drone.yml").write_text(GOOD)
    return tmp_path


def test_lint_reads_every_file_and_counts_the_wrong_ones(folder: Path) -> None:
    bad = folder / "bad.yml"
    bad.write_text("kind: pipeline\nsteps: [{nam: a}]\n")
    out = io.StringIO()
    assert lint_files([folder, bad, folder / "absent"], trusted=False, out=out) == 1
    said = out.getvalue()
    assert f"{folder / '.drone.yml'}: no mistakes; pipelines: default\n" in said
    assert "did you mean `name`?" in said
    assert f"{folder / 'absent'}: there is no such file\n" in said
    assert lint_files([folder], trusted=False, out=out) == 0


def test_lint_warns_of_what_drone_passes_over_and_refuses_it_if_asked_to(folder: Path) -> None:
    (folder / ".drone.yml").write_text("kind: pipeline\nsteps:\n- {image: i, comand: [x]}\n")
    out = io.StringIO()
    assert lint_files([folder], trusted=False, out=out) == 0
    assert f"warning: {folder / '.drone.yml'}:3:14: there is no key `comand`" in out.getvalue()
    assert lint_files([folder], trusted=False, strict=True, out=out) == 1


def test_compile_prints_the_spec_for_an_event(folder: Path) -> None:
    def unmet(choices: Choices) -> str:
        out = io.StringIO()
        assert compile_to_json(folder, choices, out=out) == 0
        text: str = json.loads(out.getvalue())["pipelines"][0]["steps"][0]["unmet"]
        return text

    assert unmet(Choices()) == "when.event is [tag], the build's is push"
    assert unmet(Choices(event="tag", ref="v1.0.0")) == ""


def test_compile_is_the_same_each_time(folder: Path) -> None:
    first, second = io.StringIO(), io.StringIO()
    compile_to_json(folder, Choices(branch="b"), out=first)
    compile_to_json(folder / ".drone.yml", Choices(branch="b"), out=second)
    assert first.getvalue() == second.getvalue()


def test_an_unknown_pipeline_is_answered_with_those_that_are_there(folder: Path) -> None:
    out = io.StringIO()
    assert run_working_copy(folder, Choices(pipeline="x"), timeout=1, out=out) == 1
    assert "there are default" in out.getvalue()


def test_fab_takes_several_paths(folder: Path) -> None:
    done = subprocess.run(
        [Path(sys.executable).parent / "fab", "lint", folder, folder / ".drone.yml", "--trusted"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 2


def test_a_working_copy_is_described_and_packed(folder: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)

    assert checkout_of(folder).release.sha == "0" * 40
    git("init", "--initial-branch=topic")
    (folder / ".gitignore").write_text("secret\n")
    (folder / "secret").write_text("x")
    git("add", ".")
    git("-c", "user.name=Ada", "-c", "user.email=a@x", "commit", "-m", "First")
    (folder / "new").write_text("not committed")
    checkout = checkout_of(folder)
    assert (checkout.branch, checkout.message, checkout.author_name) == ("topic", "First", "Ada")
    with tarfile.open(fileobj=io.BytesIO(packed(folder))) as archive:
        names = archive.getnames()
    assert {".drone.yml", "new", ".git/HEAD"} <= set(names)
    assert "secret" not in names


def test_steps_on_ones_own_machine_know_the_version_that_ci_would_give(folder: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-C", folder, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    git("add", ".")
    git("-c", "user.name=Ada", "-c", "user.email=a@x", "commit", "-m", "First")
    git("tag", "v1.4.0")
    out = io.StringIO()
    assert compile_to_json(folder, Choices(), out=out) == 0
    environment = json.loads(out.getvalue())["pipelines"][0]["steps"][0]["container"]["environment"]
    checkout = checkout_of(folder)
    assert environment["SLIPWAY_VERSION"] == f"1.4.0+0.g{checkout.release.sha[:7]}"
    assert environment["SOURCE_DATE_EPOCH"] == str(checkout.committed_at)


def test_an_event_that_there_is_not_names_those_that_there_are(folder: Path) -> None:
    out = io.StringIO()
    assert compile_to_json(folder, Choices(event="pusch"), out=out) == 1
    assert "there is no event 'pusch'" in out.getvalue()
    assert "pull_request" in out.getvalue()


@pytest.mark.parametrize(
    ("choices", "ref", "branch"),
    [
        (Choices(branch="b"), "refs/heads/b", "b"),
        (Choices(event="tag", ref="v1"), "refs/tags/v1", ""),
        (Choices(event="pull_request", ref="7", branch="b"), "refs/pull/7", "b"),
        (Choices(event="cron", cron="nightly", branch="b"), "refs/heads/b", "b"),
        (
            Choices(event="promote", target="prod", ref="refs/heads/x", branch="b"),
            "refs/heads/x",
            "b",
        ),
    ],
)
def test_an_event_is_what_a_person_says(
    folder: Path, choices: Choices, ref: str, branch: str
) -> None:
    steps = "kind: pipeline\nsteps: [{name: a, image: i, commands: [x]}]\n"
    (folder / ".drone.yml").write_text(steps)
    out = io.StringIO()
    assert compile_to_json(folder, choices, out=out) == 0
    (step,) = json.loads(out.getvalue())["pipelines"][0]["steps"]
    assert step["container"]["environment"]["DRONE_COMMIT_REF"] == ref
    assert step["container"]["environment"].get("DRONE_BRANCH", "") == branch
    assert step["container"]["environment"]["DRONE_BUILD_EVENT"] == choices.event


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        (".drone.yaml", "name it under `test: {pipeline: .drone.yaml}`"),
        (".drone.star", "starlark is not evaluated; generate the YAML"),
        (".drone.jsonnet", "jsonnet is not evaluated; generate the YAML"),
        (".woodpecker.yml", "that is another form"),
    ],
)
def test_a_file_of_another_name_is_named_where_there_is_none(
    tmp_path: Path, name: str, advice: str
) -> None:
    (tmp_path / name).write_text(GOOD)
    out = io.StringIO()
    assert lint_files([tmp_path], trusted=False, out=out) == 1
    assert compile_to_json(tmp_path, Choices(), out=out) == 1
    assert f"the commit has no .drone.yml, but {name}" in out.getvalue().replace(f"{tmp_path}/", "")
    assert out.getvalue().count(advice) == 2


def test_lint_says_which_pipelines_not_every_worker_runs(folder: Path) -> None:
    steps = "steps: [{name: a, image: i}]\n"
    (folder / ".drone.yml").write_text(
        f"kind: pipeline\nname: here\n{steps}---\nkind: pipeline\nname: there\n"
        f"platform: {{os: windows}}\n{steps}---\nkind: pipeline\nname: big\nnode: {{size: l}}\n"
        f"{steps}"
    )
    out = io.StringIO()
    assert lint_files([folder], trusted=False, strict=True, out=out) == 0
    first, *more = out.getvalue().splitlines()
    assert first.endswith(".drone.yml: no mistakes; pipelines: here, there, big")
    assert more == [
        "  there is left out unless the worker is windows/amd64",
        "  big is left out unless the worker is labelled size: l",
    ]


def test_a_tag_is_the_newest_commits_or_is_asked_for(folder: Path) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-C", str(folder), "-c", "user.name=a", "-c", "user.email=a@b", *words],
            check=True,
            capture_output=True,
        )

    git("init", "-q")
    git("add", ".")
    git("commit", "-qm", "x")
    out = io.StringIO()
    assert compile_to_json(folder, Choices(event="tag"), out=out) == 1
    assert "name one: --event tag --ref v1.2.0" in out.getvalue()
    git("tag", "v3.1.4")
    out = io.StringIO()
    assert compile_to_json(folder, Choices(event="tag"), out=out) == 0
    (step,) = json.loads(out.getvalue())["pipelines"][0]["steps"]
    assert (step["unmet"], step["container"]["environment"]["DRONE_TAG"]) == ("", "v3.1.4")


@pytest.fixture
def pointers(folder: Path) -> Path:
    """A working copy whose model is a pointer, as without git-lfs."""
    subprocess.run(["git", "-C", folder, "init", "--quiet"], check=True, capture_output=True)
    (folder / ".gitattributes").write_text("*.bin filter=lfs\n")
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1\n"
    (folder / "model.bin").write_text(pointer)
    return folder


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        (LargeFiles.FETCH, "warning: these files are only pointers of Git LFS here, and steps"),
        (LargeFiles.POINTERS, "these files stay pointers of Git LFS: model.bin"),
    ],
)
def test_steps_that_see_pointers_are_told_so(
    pointers: Path, wanted: LargeFiles, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What CI would do is said before anything runs."""
    monkeypatch.setattr(docker, "from_env", mock.Mock(side_effect=docker.errors.DockerException))
    out = io.StringIO()
    run_working_copy(pointers, Choices(large_files=wanted), timeout=1, out=out)
    assert said in out.getvalue()
    assert "model.bin" in out.getvalue()


def test_choices_are_the_projects_where_there_is_one() -> None:
    project = load_project(ROOT / "include" / "examples" / "shortener.yaml")
    choices = Choices(secrets={"a": "b"}, trusted=True).of_project(project)
    assert (choices.file, choices.trusted, choices.secrets) == (".drone.yml", True, {"a": "b"})
    assert choices.images == project.test.images
    assert choices.timeout == project.test.timeout.total_seconds()
