from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from slipway.operators.commits import RememberCommitsOperator
from slipway.sensors import commits
from slipway.sensors.commits import MOST_PER_PUSH, CommitsSensor, Watched
from tests.fakes.git_server import Repository

if TYPE_CHECKING:
    import pytest


def _poke(*watched: Watched) -> list[dict[str, Any]]:
    sensor = CommitsSensor(task_id="new_commits", watched=lambda: watched)
    answer = sensor.poke({})
    assert answer.is_done == bool(answer.xcom_value)
    return list(answer.xcom_value or ())


def _remember(runs: list[dict[str, Any]]) -> None:
    RememberCommitsOperator(task_id="remember", runs=runs).execute({})


def _watch(repository: Repository, dag_id: str = "shop") -> Watched:
    return Watched(dag_id=dag_id, url=repository.url, branch="main", connection=None)


def test_the_first_look_runs_the_head_alone(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    head = repository.commit(readme="two")
    assert _poke(_watch(repository)) == [
        {
            "trigger_dag_id": "shop",
            "trigger_run_id": f"commit__{head}",
            "conf": {"ref": head},
        }
    ]


def test_a_burst_runs_every_commit_oldest_first(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    assert _poke(_watch(repository)) == []
    burst = [repository.commit(readme=f"burst {n}") for n in range(3)]
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == burst


def test_a_crash_before_remembering_asks_again(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    assert _poke(_watch(repository)) == _poke(_watch(repository)) != []


def test_a_large_push_is_cut_at_its_old_end(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    burst = [repository.commit(readme=f"burst {n}") for n in range(MOST_PER_PUSH + 2)]
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == burst[2:]


def test_a_rewritten_branch_runs_its_new_head(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    repository.git("commit", "--amend", "--quiet", "-m", "rewritten")
    head = repository.git("rev-parse", "HEAD")
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [head]


def test_a_repository_that_is_away_holds_up_nobody(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    away = Watched(dag_id="away", url="git://127.0.0.1:1/x", branch="main", connection=None)
    assert [run["trigger_dag_id"] for run in _poke(away, _watch(repository))] == ["shop"]


def test_a_project_that_is_added_meanwhile_is_seen(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    watched: list[Watched] = []
    sensor = CommitsSensor(task_id="new_commits", watched=lambda: list(watched))
    assert not sensor.poke({}).is_done
    watched.append(_watch(repository))
    assert not sensor.poke({}).is_done
    monkeypatch.setattr(commits, "REFRESH", 0.0)
    assert sensor.poke({}).is_done


def test_a_commit_that_asks_not_to_be_built_is_left_alone(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    repository.commit("Spelling [CI SKIP]", readme="two")
    assert _poke(_watch(repository)) == []
    built = repository.commit(readme="three")
    repository.commit("Notes\n\n***no_ci***", readme="four")
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [built]


def test_a_branch_whose_ref_ends_like_mains_is_not_run_as_main(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    repository.git("checkout", "--quiet", "-b", "a/refs/heads/main")
    repository.commit(readme="nobody's")
    assert _poke(_watch(repository)) == []
    repository.git("checkout", "--quiet", "main")
    head = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [head]


def test_a_connection_that_is_missing_holds_up_nobody(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    lost = Watched(dag_id="lost", url="https://127.0.0.1:1/x", branch="main", connection="absent")
    assert [run["trigger_dag_id"] for run in _poke(lost, _watch(repository))] == ["shop"]


def test_a_commit_with_an_endless_message_stops_none_that_follows(
    repository: Repository, artifacts: Path, tmp_path: Path
) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    (tmp_path / "message").write_text("x" * (2 << 20))
    repository.git("commit", "--quiet", "--allow-empty", "-F", str(tmp_path / "message"))
    endless = repository.git("rev-parse", "HEAD")
    last = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [endless, last]


def test_a_strangers_branch_that_gits_check_refuses_stops_no_commit_of_main(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    _remember(_poke(_watch(repository)))
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    repository.git("checkout", "--quiet", "main")
    head = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [head]


def test_what_is_no_sha_in_the_store_stops_no_project(
    repository: Repository, artifacts: Path
) -> None:
    head = repository.commit(readme="one")
    (artifacts / "heads").mkdir(parents=True)
    for found in ("{", '{"a": 1}', '"--all"', '"main"', "\xff"):
        (artifacts / "heads" / "shop.json").write_text(found)
        assert [run["conf"]["ref"] for run in _poke(_watch(repository))] == [head]
