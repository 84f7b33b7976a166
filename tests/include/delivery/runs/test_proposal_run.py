"""What Airflow makes of a pull request, and what its page is told."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.git_server import Repository, git_daemon
from tests.include.delivery.runs.own_airflow import told_by
from tests.slipway.hooks.git.proposing import propose

PIPELINE = """\
kind: pipeline
steps:
- {name: unit, image: python, commands: [env], environment: {TOKEN: {from_secret: token}}}
"""
DAG_FILE = """\
# An airflow dag.
from include.delivery.commit_dag import build
from tests.include.delivery.runs.proposal_run import project

dag = build(project("{url}", "http://127.0.0.1:1"), "guestbook.pr")
"""
SECRET = "the-secret-of-the-shop"


@dataclass
class Told:
    """What came of each run, and of which commits they were."""

    runs: dict[str, dict[str, Any]]
    head: str
    target: str

    def of(self, kind: str) -> dict[str, Any]:
        return next(run for name, run in self.runs.items() if name.startswith(kind))


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Told:
    base: Path = tmp_path_factory.mktemp("git")
    with git_daemon(base) as url, pytest.MonkeyPatch.context() as patch:
        (base / "acme").mkdir()
        repository = Repository(base / "acme" / "shop", f"{url}/acme/shop")
        repository.commit(_dot_drone_dot_yml=PIPELINE)
        head = propose(repository, topic="2")
        repository.git("branch", "topic", head)
        target = repository.commit(other="3")
        commits = [f"{kind}:{head}" for kind in ("own", "fork", "push", "merged")]
        # Airflow runs what it finds in its folder of DAGs; no project of the tree has such a DAG.
        folder: Path = tmp_path_factory.mktemp("dags")
        (folder / "proposals.py").write_text(DAG_FILE.format(url=repository.url))
        patch.setenv("AIRFLOW__CORE__DAGS_FOLDER", str(folder))
        runs = told_by(tmp_path_factory.mktemp("airflow"), "proposal_run", repository.url, *commits)
    return Told(runs=runs, head=head, target=target)


@pytest.mark.parametrize("kind", ["own", "fork", "push"])
def test_what_is_proposed_is_tested_and_no_more(told: Told, kind: str) -> None:
    run = told.of(kind)
    assert run["run"] == "success"
    assert run["tasks"] == dict.fromkeys(
        ("checkout", "approve_commit", "test", "build_deb"), "success"
    )
    assert (run["kept"], run["debs"]) == (False, [])
    # Nor does it use up a number that a release would have.
    assert run["numbers"] == []


def test_its_head_shows_what_became_of_it_and_not_the_merge(told: Told) -> None:
    run = told.of("own")
    assert run["paths"]
    assert all(path.endswith(f"/statuses/{told.head}") for path in run["paths"])
    assert run["statuses"]["slipway/package"]["state"] == "success"
    said = run["statuses"]["slipway/package"]["description"]
    assert said == "would be guestbook 0.0.0+4~pr7"
    assert run["statuses"]["slipway/test"]["state"] == "success"


def test_a_fork_gets_no_secret_and_a_branch_of_the_repository_does(told: Told) -> None:
    assert told.of("own")["secrets"] == [SECRET]
    assert told.of("push")["secrets"] == [SECRET]
    assert told.of("fork")["secrets"] == [""]


def test_one_that_was_merged_before_its_run_began_is_stopped_and_says_so(told: Told) -> None:
    run = told.of("merged")
    assert run["run"] == "success"
    assert set(run["tasks"].values()) == {"skipped"}
    [(key, status)] = run["statuses"].items()
    # GitHub has no other word for what was stopped.
    assert (key, status["state"]) == ("slipway/test", "error")
    assert status["description"] == "pull request 7 was merged"


def test_what_needs_no_yes_never_says_that_it_waits_for_one(told: Told) -> None:
    for kind in ("own", "fork", "push"):
        assert "waits for approval" not in str(told.of(kind)["said"])
