from __future__ import annotations

import base64
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

from slipway.exceptions import ImageUnavailable, ToolFailed
from slipway.model.event import Event
from slipway.model.facts import Checkout, Release, TestReport
from slipway.operators import run_pipeline
from slipway.operators.run_pipeline import RunPipelineOperator
from slipway.tasks.kept_facts import kept_report
from slipway.tasks.pipeline import secrets as pipeline_secrets
from slipway.tasks.pipeline.share import Part
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.operators.commit_runs import let_in, signed
from tests.slipway.pipeline.built.tars import packed
from tests.slipway.pipeline.runtime.workspaces import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fakes.git_server import Repository

PIPELINE = """\
kind: pipeline
steps:
- {name: lint, image: python, commands: [ruff check]}
- {name: unit, image: python, commands: [pytest]}
"""
CONTEXT: Any = {"ti": SimpleNamespace(dag_id="shop", task_id="test", run_id="commit__1")}


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> FakeEngine:
    engine = FakeEngine()
    monkeypatch.setattr(run_pipeline, "container_engine", lambda _: engine)
    return engine


def checkout_of(repository: Repository, sha: str) -> Checkout:
    return Checkout(
        release=released(sha),
        repository=repository.url,
        ref="main",
        branch="main",
        message="m",
        author_name="Ada",
        author_email="a@example.com",
        committed_at=0,
    )


def operator(repository: Repository, sha: str, **options: Any) -> RunPipelineOperator:
    checkout = checkout_of(repository, sha)
    signed(CONTEXT, checkout=checkout)
    return RunPipelineOperator(
        task_id="test", checkout=checkout.to_json(), repository=repository.source, **options
    )


def test_a_commits_pipeline_is_run_and_reported(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha, images={"python": "own/python:3"})
    report = TestReport.from_json(task.execute(CONTEXT))
    assert [(s.name, s.image, s.state) for s in report.steps] == [
        ("lint", "own/python:3", "passed"),
        ("unit", "own/python:3", "passed"),
    ]
    assert engine.leftovers() == []
    spec = engine.specs[0]
    assert spec.environment["DRONE_COMMIT_SHA"] == sha
    assert spec.labels["slipway.task"] == "test"
    assert spec.name.startswith("slipway-")


def test_a_failed_step_fails_for_good_with_its_last_lines(
    repository: Repository, engine: FakeEngine, caplog: pytest.LogCaptureFixture
) -> None:
    engine.plays["unit"] = Play(exit_code=2, lines=("1 failed",))
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(AirflowFailException, match="'unit' failed with exit code 2\n    1 failed"):
        operator(repository, sha).execute(CONTEXT)


def test_no_pipeline_file_fails_for_good(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit()
    with pytest.raises(AirflowFailException, match=r"no \.drone\.yml(.|\n)*test: \{pipeline"):
        operator(repository, sha).execute(CONTEXT)
    assert engine.events == []


def test_a_malformed_pipeline_file_fails_for_good_at_its_place(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(ci__drone_dot_yml="kind: pipeline\nsteps:\n- {nam: x}\n")
    with pytest.raises(AirflowFailException, match=r"ci/drone\.yml:3:4: .*did you mean `name`"):
        operator(repository, sha, pipeline_file="ci/drone.yml").execute(CONTEXT)


WARNED = "kind: pipeline\nshared: x\nsteps: [{name: unit, image: i, commands: [x]}]\n"


def test_what_drone_passes_over_is_in_the_log_with_its_place(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=WARNED)
    operator(repository, sha).execute(CONTEXT)
    logged = capsys.readouterr().out
    assert "warning: .drone.yml:2:1: there is no key `shared` here" in logged
    assert "| ^^^^^^" in logged


def test_a_strict_project_refuses_what_drone_passes_over(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=WARNED)
    with pytest.raises(AirflowFailException, match="no key `shared` here"):
        operator(repository, sha, strict=True).execute(CONTEXT)
    assert engine.events == []


def test_killing_stops_the_runner(repository: Repository, engine: FakeEngine) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    task = operator(repository, sha)
    task.on_kill()  # before it runs there is nothing to remove
    assert engine.events == []
    task.execute(CONTEXT)
    task.on_kill()
    assert engine.events[-1] == "remove all"


def test_a_commit_that_nothing_is_for_ends_the_run_without_a_failure_and_says_why(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE + "trigger: {branch: [release]}\n")
    with pytest.raises(AirflowSkipException):
        operator(repository, sha).execute(CONTEXT)
    assert engine.events == []
    log = capsys.readouterr().out
    assert "pipeline default: trigger.branch is [release], the build's is main" in log
    assert "what to do: look at `trigger` and `when`" in log


def test_a_commit_that_is_built_again_has_a_higher_number(
    repository: Repository, engine: FakeEngine, artifacts: Path
) -> None:
    """Also where a tag has come in between, since which there are fewer commits."""
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    for _ in range(2):
        operator(repository, sha).execute(CONTEXT)
        repository.git("tag", "--force", "v1.0.0")
    numbers = [spec.environment["DRONE_BUILD_NUMBER"] for spec in engine.specs]
    assert list(dict.fromkeys(numbers)) == ["1", "2"]


def test_a_commit_whose_files_in_lfs_cannot_be_had_fails_for_good_unless_pointers_are_meant(
    repository: Repository, engine: FakeEngine
) -> None:
    pointer = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'a' * 64}\nsize 1\n"
    sha = repository.commit(
        _dot_drone_dot_yml=PIPELINE, _dot_gitattributes="*.bin filter=lfs\n", model_dot_bin=pointer
    )
    with pytest.raises(AirflowFailException, match=r"model\.bin lies in Git LFS"):
        operator(repository, sha).execute(CONTEXT)
    assert engine.leftovers() == []
    operator(repository, sha, lfs="pointers").execute(CONTEXT)


def test_a_commit_that_ends_its_pipeline_early_is_green_and_no_release(
    repository: Repository, engine: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    engine.plays["lint"] = Play(exit_code=78)
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(AirflowSkipException):
        operator(repository, sha).execute(CONTEXT)
    log = capsys.readouterr().out
    assert "step lint: ended the pipeline early with exit code 78" in log
    assert "step unit: lint ended the pipeline early (exit code 78)" in log
    engine.plays = {"unit": Play(exit_code=78)}
    report = TestReport.from_json(operator(repository, sha).execute(CONTEXT))
    assert [(step.state, step.exit_code) for step in report.steps] == [
        ("passed", 0),
        ("passed", 78),
    ]


def test_an_image_that_cannot_be_had_is_tried_again(
    repository: Repository, engine: FakeEngine
) -> None:
    engine.missing_images.add("python")
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    with pytest.raises(ImageUnavailable, match="'lint' was not started: image python "):
        operator(repository, sha).execute(CONTEXT)


PLUGIN = "kind: pipeline\nsteps:\n- {name: image, image: plugins/docker, settings: {repo: a/b}}\n"


def test_a_plugin_has_every_right_where_the_operator_names_it_and_the_log_says_where_not(
    repository: Repository,
    engine: FakeEngine,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PLUGIN)
    operator(repository, sha).execute(CONTEXT)
    assert not engine.specs[-1].security.privileged
    log = capsys.readouterr().out
    told = log.index("plugins/docker needs a privileged container, and runs without")
    assert told < log.index("::group::step image")
    monkeypatch.setenv("AIRFLOW__SLIPWAY__PRIVILEGED_PLUGINS", "plugins/ecr, plugins/docker")
    operator(repository, sha).execute(CONTEXT)
    assert engine.specs[-1].security.privileged
    assert "needs a privileged container" not in capsys.readouterr().out
    monkeypatch.setenv("AIRFLOW__SLIPWAY__PRIVILEGED_PLUGINS", "plugins/*")
    with pytest.raises(AirflowFailException, match="privileged_plugins"):
        operator(repository, sha).execute(CONTEXT)


SECRET_PIPELINE = """\
kind: pipeline
steps:
- name: unit
  image: python
  environment: {T: {from_secret: token}}
  commands: [pytest]
"""


@pytest.fixture
def secrets(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    values = {"token": "tok-5f3a9c77"}
    monkeypatch.setattr(pipeline_secrets, "read_secrets", lambda sources, names: values)
    return values


def leaking(name: str, message: str) -> bytes:
    report = f"<testsuite><testcase name='{name}'><failure>{message}</failure></testcase>"
    return packed("report.xml", f"{report}</testsuite>".encode())


def test_a_failed_pipeline_still_knows_its_tests_and_no_secret(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    secret = secrets["token"]
    engine.plays["unit"] = Play(
        exit_code=1,
        leaves={"/drone/src/report.xml": leaking(f"t {secret}", f"test_a.py:3: {secret}")},
    )
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, reports=["report.xml"], secrets={"token": "variable:t"})
    with pytest.raises(AirflowFailException):
        task.execute(CONTEXT)
    assert task.counts is not None
    (failed,) = task.counts.failed
    assert (failed.path, failed.line) == ("test_a.py", 3)
    assert secret not in str(task.counts)


def test_no_secret_leaves_the_task_in_log_xcom_or_error(
    repository: Repository,
    engine: FakeEngine,
    secrets: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    secret = secrets["token"]
    encoded = base64.b64encode(f"a:{secret}".encode()).decode()
    wrapped = f"{encoded[:8]}\n{encoded[8:]}"
    engine.plays["unit"] = Play(
        lines=(f"+ {secret}", wrapped, "x" * 65_530 + secret),
        leaves={"/drone/src/report.xml": leaking(f"t {secret}", wrapped)},
    )
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, reports=["report.xml"], secrets={"token": "variable:t"})
    fact = task.execute(CONTEXT)
    report = TestReport.from_json(fact)
    assert report.counts is not None
    assert report.counts.failed[0].name == "t ******"
    engine.plays["unit"] = Play(lines=(secret, wrapped), exit_code=1)
    with pytest.raises(AirflowFailException) as caught:
        operator(repository, sha, secrets={"token": "variable:t"}).execute(CONTEXT)
    assert "******" in str(caught.value)
    log = capsys.readouterr().out
    assert log.count("******") > 4
    left = f"{log}{json.dumps(fact)}{caught.value}"
    for hidden in (secret, "5f3a9c77", encoded[3:12], encoded[12:18]):
        assert hidden not in left


def test_a_secret_that_is_a_word_of_the_record_does_not_break_it(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    secrets["token"] = "passed"
    sha = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, sha, secrets={"token": "variable:t"})
    report = TestReport.from_json(task.execute(CONTEXT))
    assert report.steps[0].state == "passed"
    assert report.release.sha == sha


STRANGER: Any = {"ti": SimpleNamespace(dag_id="shop", task_id="test", run_id="manual__1")}


def test_a_strangers_commit_that_was_written_into_xcom_gets_no_secret(
    repository: Repository, engine: FakeEngine, secrets: dict[str, str]
) -> None:
    """Checkout refused it, was marked as successful, and its XCom was written by hand."""
    repository.commit(_dot_drone_dot_yml=PIPELINE)
    repository.git("checkout", "--quiet", "-b", "stranger")
    evil = repository.commit(_dot_drone_dot_yml=SECRET_PIPELINE)
    task = operator(repository, evil, secrets={"token": "variable:t"})
    with pytest.raises(AirflowFailException, match="checkout signed nothing in this run"):
        task.execute(STRANGER)
    signed(STRANGER, checkout=checkout_of(repository, repository.git("rev-parse", "main")))
    with pytest.raises(AirflowFailException, match="told something else than checkout"):
        task.execute(STRANGER)
    assert engine.events == []


BUILDING = """\
kind: pipeline
name: build
steps: [{name: make, image: go, commands: [make]}]
---
kind: pipeline
name: unit
steps: [{name: unit, image: go, commands: [make test]}]
"""


def released(sha: str) -> Release:
    return Release(project="shop", sha=sha, version=f"1.0.0+1.g{sha[:7]}")


def in_run(task: str) -> Any:
    return {"ti": SimpleNamespace(dag_id="shop", task_id=task, run_id="commit__built")}


@pytest.fixture
def building(engine: FakeEngine, tmp_path: Path, artifacts: Path) -> FakeEngine:
    """An engine whose step `make` leaves a program."""
    (tmp_path / "src").mkdir()
    workspace = Workspace(tmp_path / "src")
    workspace.write("bin/shop", "program", 0o755)
    paths = ("", "bin", "bin/shop")
    leaves = {f"/drone/src/{path}": b"".join(workspace.read(path)) for path in paths}
    engine.plays["make"] = Play(leaves=leaves)
    return engine


def halves(repository: Repository, sha: str, part: Part, **more: Any) -> TestReport:
    choices = {"built": ["bin/shop"], "built_by": "build", "part": part, **more}
    task = operator(repository, sha, **choices)
    context = in_run("build" if part is Part.FIRST else "test")
    signed(context, checkout=checkout_of(repository, sha))
    return TestReport.from_json(task.execute(context))


def test_what_was_built_is_on_the_report_and_its_digest_is_signed(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING.partition("---")[0])
    built = halves(repository, sha, Part.WHOLE, built_by=None).built
    assert built
    assert (built.files, built.pipeline, built.paths) == (1, "build", ("bin/shop",))
    kept = kept_report(in_run("test"), "test", released(sha))
    assert kept.built == built


def test_nothing_runs_twice_and_both_halves_are_one_report(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    first = halves(repository, sha, Part.FIRST)
    second = halves(repository, sha, Part.SECOND)
    assert [step.name for step in first.steps] == ["make"]
    assert [step.name for step in second.steps] == ["make", "unit"]
    assert second.built == first.built
    assert second.seconds >= first.seconds
    assert [spec.labels["slipway.step"] for spec in building.specs] == ["make", "unit"]
    assert {spec.environment["DRONE_BUILD_NUMBER"] for spec in building.specs} == {"1"}


def test_a_failure_in_either_half_is_the_commits(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match="build signed nothing in this run"):
        halves(repository, sha, Part.SECOND)
    halves(repository, sha, Part.FIRST)
    building.plays["unit"] = Play(exit_code=1)
    with pytest.raises(AirflowFailException, match="'unit' failed"):
        halves(repository, sha, Part.SECOND)


def test_a_first_half_of_another_commit_does_not_count(
    repository: Repository, building: FakeEngine
) -> None:
    halves(repository, repository.commit(_dot_drone_dot_yml=BUILDING), Part.FIRST)
    with pytest.raises(AirflowFailException, match="build ran the pipeline of"):
        halves(repository, repository.commit("Another"), Part.SECOND)


def test_a_build_that_was_not_meant_for_the_commit_is_no_failure(
    repository: Repository, building: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    unmet = BUILDING.replace("name: build\n", "name: build\ntrigger: {branch: [release]}\n")
    sha = repository.commit(_dot_drone_dot_yml=unmet)
    with pytest.raises(AirflowSkipException):
        halves(repository, sha, Part.FIRST)
    assert "trigger.branch is [release]" in capsys.readouterr().out


def test_files_of_the_sources_are_not_taken_where_no_step_ran(
    repository: Repository, building: FakeEngine
) -> None:
    """They are there without anybody having built them: a binary that was committed once."""
    skipped = BUILDING.replace("commands: [make]", "commands: [make], when: {branch: [release]}")
    sha = repository.commit(_dot_drone_dot_yml=skipped)
    with pytest.raises(AirflowSkipException):
        halves(repository, sha, Part.FIRST)


def test_a_file_of_several_pipelines_has_to_be_told_apart_before_anything_runs(
    repository: Repository, building: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match=r"2 pipelines(.|\n)*package: \{from: build\}"):
        halves(repository, sha, Part.WHOLE, built_by=None)
    assert building.events == []


def test_what_was_not_built_fails_for_good_with_the_steps_shown(
    repository: Repository, building: FakeEngine, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=BUILDING)
    with pytest.raises(AirflowFailException, match=r"bin/shp: nothing is there; in bin .* shop"):
        halves(repository, sha, Part.FIRST, built=["bin/shp"])
    assert "make" in capsys.readouterr().out
    assert building.leftovers() == []


def test_steps_know_the_version_and_the_time_of_what_they_build(
    repository: Repository, engine: FakeEngine
) -> None:
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    operator(repository, sha).execute(CONTEXT)
    environment = engine.specs[0].environment
    assert environment["SLIPWAY_VERSION"] == f"1.0.0+1.g{sha[:7]}"
    assert environment["SOURCE_DATE_EPOCH"] == "0"


@pytest.mark.parametrize("fork", [True, False])
def test_a_strangers_pull_request_gets_no_trust_and_no_login(
    repository: Repository, engine: FakeEngine, fork: bool
) -> None:
    """Its pipeline file is theirs, and so are the images that it names."""
    event = Event.pull_request(7, branch="main", source="topic", fork=fork)
    sha = repository.commit(_dot_drone_dot_yml=PIPELINE)
    checkout = replace(checkout_of(repository, sha), event=event)
    signed(CONTEXT, checkout=checkout)
    let_in(CONTEXT, checkout)
    task = RunPipelineOperator(
        task_id="test",
        checkout=checkout.to_json(),
        repository=repository.source,
        trusted=True,
        registry_login=True,
    )
    with (
        mock.patch.object(
            run_pipeline, "compile_file", side_effect=ToolFailed("as far as this")
        ) as made,
        mock.patch.object(run_pipeline, "registry_login", return_value="login"),
        pytest.raises(ToolFailed),
    ):
        task.execute(CONTEXT)
    assert made.call_args.args[1].trusted is not fork
    with mock.patch.object(run_pipeline, "registry_login", return_value="login"):
        assert task._logins(checkout) == (() if fork else ("login",))
