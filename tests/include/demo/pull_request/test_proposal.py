"""The demo's pull request: shown in the table, waited for by nobody, and put nowhere."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from include.demo import git_host, guestbook_repository, paths
from include.demo.airflow_api import DemoFailed, RunOrigin, TaskState
from include.demo.guestbook_repository import GuestbookRepository
from include.demo.pull_request import proposal
from include.demo.pull_request.proposal import Proposal, propose
from include.demo.report import Report
from include.localforge.state import ForgeHome
from slipway.hooks.store.artifacts import ArtifactStore

SHA = "3f2a1b7c9d0e1f2a3b4c5d6e7f8091a2b3c4d5e6"
ONE = Proposal(number=1, sha=SHA, opened=1000.0)
TASKS = ("checkout", "approve_commit", "test", "rehearse_migrations", "build_deb")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ForgeHome:
    found = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "git")
    monkeypatch.setattr(git_host, "HOME", found)
    monkeypatch.setattr(paths, "ARTIFACTS", tmp_path / "artifacts")
    monkeypatch.setattr(proposal, "_PATIENCE", 0.0)
    return found


@dataclass
class Airflow:
    """As much of Airflow's API as the demo asks."""

    state: str | None = "success"
    tasks_: tuple[str, ...] = TASKS
    delivered: str | None = None
    failed: frozenset[str] = field(default_factory=frozenset)

    def run_state(self, dag_id: str, run_id: str) -> str | None:
        if dag_id == "guestbook":
            assert run_id == f"commit__{SHA}"
            return self.delivered
        assert (dag_id, run_id) == ("guestbook.pr", f"pr__1__{SHA}")
        return self.state

    def tasks(self, dag_id: str, run_id: str) -> list[TaskState]:
        return [
            TaskState(
                task=one,
                state="failed" if one in self.failed else "success",
                seconds=1.0,
                started="2026-11-27",
            )
            for one in self.tasks_
        ]

    def run_origin(self, dag_id: str, run_id: str) -> RunOrigin:
        return RunOrigin(how="by hook", queued_at=1000.4)

    def log(self, dag_id: str, run_id: str, task: str) -> str:
        return "2 of 3 tests failed"


def told(home: ForgeHome, state: str = "SUCCESSFUL") -> None:
    for key in ("test", "package"):
        url = f"http://localhost:8080/dags/guestbook.pr/runs/pr__1__{SHA}/tasks/test"
        status = {"key": f"slipway/{key}", "state": state, "url": url}
        home.add("statuses", {"repository": paths.REPOSITORY, "sha": SHA, "status": status})


def reported(airflow: Airflow) -> Report:
    report = Report()
    ONE.report(airflow, report)  # type: ignore[arg-type]
    return report


def test_the_table_says_which_run_how_it_came_and_what_the_host_was_told(
    home: ForgeHome, capsys: pytest.CaptureFixture[str]
) -> None:
    told(home)
    reported(Airflow()).show()
    said = capsys.readouterr().out
    [line] = [one for one in said.splitlines() if "it was opened" in one]
    came = "guestbook.pr, pull request 1 by hook, 0.4 s after it was opened 2"
    assert " ".join(line.split()) == came
    assert (
        "pull request 1 tested (package SUCCESSFUL, test SUCCESSFUL); not released, not deployed"
        in said
    )


def test_one_whose_run_is_late_fails_no_demo(home: ForgeHome) -> None:
    assert reported(Airflow(state=None)).pull_request.startswith("1 has no run yet; ")
    for state in ("queued", "running"):
        assert reported(Airflow(state=state)).pull_request.startswith("1 still being tested")
    told(home, "INPROGRESS")
    assert "test INPROGRESS" in reported(Airflow(state="running")).pull_request
    assert len(reported(Airflow(state="running")).runs) == 1


def test_one_whose_tests_fail_says_why(home: ForgeHome) -> None:
    told(home, "FAILED")
    with pytest.raises(DemoFailed, match=r"failed in test\n2 of 3 tests failed"):
        reported(Airflow(state="failed", failed=frozenset({"test"})))


def test_one_of_which_the_host_hears_nothing_is_no_success() -> None:
    with pytest.raises(DemoFailed, match=r"told nothing of guestbook\.pr"):
        reported(Airflow())


@pytest.mark.parametrize(
    "key",
    [
        "releases/guestbook/2.0.0+1~pr1.json",
        f"releases/guestbook/2.0.0+1.g{SHA[:7]}.json",
        "deb/guestbook/2.0.0+1~pr1/guestbook.deb",
    ],
)
def test_one_that_became_a_release_fails_the_demo(home: ForgeHome, key: str) -> None:
    told(home)
    store = ArtifactStore(paths.ARTIFACTS.as_uri())
    store.put("releases/guestbook/2.0.0+0.g1234567.json", b"{}")
    reported(Airflow())
    store.put(key, b"{}")
    with pytest.raises(DemoFailed, match="something came of pull request 1"):
        reported(Airflow())


@pytest.mark.parametrize(
    "airflow",
    [Airflow(tasks_=(*TASKS, "record_release")), Airflow(delivered="queued")],
)
def test_one_that_was_deployed_fails_the_demo(home: ForgeHome, airflow: Airflow) -> None:
    told(home)
    with pytest.raises(DemoFailed, match="pull request 1"):
        reported(airflow)


def test_it_is_a_branch_of_its_own_beside_the_one_that_is_delivered(
    home: ForgeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guestbook_repository, "GIT", home.git)
    repository = GuestbookRepository()
    repository.push_version_1()
    second = repository.push_version_2()
    made = propose(repository)
    [one] = home.pull_requests(paths.REPOSITORY)
    assert (one["state"], one["source"]["commit"]["hash"]) == ("OPEN", made.sha[:12])

    def head(branch: str) -> str:
        words = ["git", f"--git-dir={home.bare(paths.REPOSITORY)}", "rev-parse", branch]
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()

    assert (head("main"), head("ask-where-from")) == (second, made.sha)
    # The story goes on where it was.
    assert repository.push_again("Later") == head("main")
