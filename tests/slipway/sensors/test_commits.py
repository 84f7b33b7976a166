from __future__ import annotations

import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from slipway.hooks.git import store
from slipway.hooks.git.commit import Commit
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.mirror import GitMirror
from slipway.model.git.watching import WatchedProject
from slipway.sensors.commits import CommitsSensor
from slipway.tasks.watching import look, watcher
from slipway.tasks.watching.delivered_branch import MOST_PER_PUSH
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, poke_with, remember, two, watch


def test_the_first_look_runs_the_head_alone(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    head = repository.commit(readme="two")
    assert poke(watch(repository)) == [
        {"trigger_dag_id": "shop", "trigger_run_id": f"commit__{head}", "conf": {"ref": head}}
    ]


def test_a_burst_runs_every_commit_oldest_first(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    assert poke(watch(repository)) == []
    burst = [repository.commit(readme=f"burst {n}") for n in range(3)]
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == burst


def test_a_crash_before_remembering_asks_again(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    assert poke(watch(repository)) == poke(watch(repository)) != []


def test_a_large_push_is_cut_at_its_old_end(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    burst = [repository.commit(readme=f"burst {n}") for n in range(MOST_PER_PUSH + 2)]
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == burst[2:]


def test_a_rewritten_branch_runs_its_new_head(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    repository.git("commit", "--amend", "--quiet", "-m", "rewritten")
    head = repository.git("rev-parse", "HEAD")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [head]


def test_a_repository_that_is_away_holds_up_nobody(repository: Repository, artifacts: Path) -> None:
    repository.commit(readme="one")
    away = WatchedProject(dag_id="away", url="git://127.0.0.1:1/x", branch="main", connection=None)
    assert [run["trigger_dag_id"] for run in poke(away, watch(repository))] == ["shop"]


def test_a_project_that_is_added_meanwhile_is_seen(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    watched: list[WatchedProject] = []
    sensor = CommitsSensor(task_id="new_commits", watched=lambda: list(watched))
    assert not poke_with(sensor)
    watched.append(watch(repository))
    assert not poke_with(sensor)
    monkeypatch.setattr(watcher, "REFRESH", 0.0)
    assert poke_with(sensor)


def test_a_commit_that_asks_not_to_be_built_is_left_alone(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    repository.commit("Spelling [CI SKIP]", readme="two")
    assert poke(watch(repository)) == []
    built = repository.commit(readme="three")
    repository.commit("Notes\n\n***no_ci***", readme="four")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [built]


def test_a_branch_whose_ref_ends_like_mains_is_not_run_as_main(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    repository.git("checkout", "--quiet", "-b", "a/refs/heads/main")
    repository.commit(readme="nobody's")
    assert poke(watch(repository)) == []
    repository.git("checkout", "--quiet", "main")
    head = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [head]


def test_a_connection_that_is_missing_holds_up_nobody(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    lost = WatchedProject(
        dag_id="lost", url="https://127.0.0.1:1/x", branch="main", connection="absent"
    )
    assert [run["trigger_dag_id"] for run in poke(lost, watch(repository))] == ["shop"]


def test_a_commit_with_an_endless_message_stops_none_that_follows(
    repository: Repository, artifacts: Path, tmp_path: Path
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    (tmp_path / "message").write_text("x" * (2 << 20))
    repository.git("commit", "--quiet", "--allow-empty", "-F", str(tmp_path / "message"))
    endless = repository.git("rev-parse", "HEAD")
    last = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [endless, last]


def test_a_strangers_branch_that_gits_check_refuses_stops_no_commit_of_main(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    repository.git("checkout", "--quiet", "-b", "attack")
    repository.commit(_dot_gitmodules='[submodule "x"]\n\tpath = x\n\turl = --upload-pack=x\n')
    repository.git("checkout", "--quiet", "main")
    head = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [head]


def test_what_is_no_sha_in_the_store_stops_no_project(
    repository: Repository, artifacts: Path
) -> None:
    head = repository.commit(readme="one")
    (artifacts / "heads").mkdir(parents=True)
    for found in ("{", '{"a": 1}', '"--all"', '"main"', "\xff"):
        (artifacts / "heads" / "shop.json").write_text(found)
        assert [run["conf"]["ref"] for run in poke(watch(repository))] == [head]


@pytest.mark.parametrize("encoding", ["IBM037", "UTF-16", "punycode", "rot13", "x" * 300])
def test_a_commit_that_claims_an_encoding_is_run_and_stops_no_other_project(
    daemon: tuple[Path, str], artifacts: Path, encoding: str
) -> None:
    evil, good = two(daemon, f"encoding-{encoding[:9]}")
    evil.git("-c", f"i18n.commitEncoding={encoding}", "commit", "--allow-empty", "-qm", "hello")
    runs = poke(watch(evil, "evil"), watch(good, "good"))
    assert [run["trigger_dag_id"] for run in runs] == ["evil", "good"]


def test_a_project_that_fails_in_a_way_nobody_thought_of_stops_no_other_and_is_said_once(
    daemon: tuple[Path, str],
    artifacts: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    evil, good = two(daemon, "unthought")

    def broken(url: str, connection: str | None) -> GitMirror:
        if url == evil.url:
            msg = "nobody thought\nof this"
            raise ZeroDivisionError(msg)
        return git_mirror(url, connection)

    monkeypatch.setattr(look, "git_mirror", broken)
    watched = [watch(evil, "evil"), watch(good, "good")]
    sensor = CommitsSensor(task_id="new_commits", watched=lambda: watched)
    for _ in range(2):
        assert [run["trigger_dag_id"] for run in poke_with(sensor)] == ["good"]
    assert capsys.readouterr().out.count("evil: ZeroDivisionError: nobody thought") == 1


def _push_many(repository: Repository, count: int, message: str) -> str:
    tip = repository.git("rev-parse", "HEAD")
    made = "".join(
        f"commit refs/heads/main\ncommitter A <a@b> {1_700_000_100 + n} +0000\n"
        f"data {len(message)}\n{message}\n" + (f"from {tip}\n" if n == 0 else "") + "\n"
        for n in range(count)
    )
    subprocess.run(
        ["git", "fast-import", "--quiet", "--force"],
        cwd=repository.path,
        input=made.encode(),
        check=True,
    )
    return repository.git("rev-parse", "main")


def test_a_push_of_thousands_of_commits_has_only_the_newest_read(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    _push_many(repository, 2000, "plain")
    read: list[str] = []
    of = GitMirror.commit

    def counted(mirror: GitMirror, sha: str) -> Commit:
        read.append(sha)
        return of(mirror, sha)

    monkeypatch.setattr(GitMirror, "commit", counted)
    assert len(poke(watch(repository))) == MOST_PER_PUSH == len(read)


def test_a_push_of_nothing_but_skipped_commits_is_read_once(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    head = _push_many(repository, 100, "[CI SKIP] x")
    assert poke(watch(repository)) == []
    assert json.loads((artifacts / "heads" / "shop.json").read_text()) == head
    with monkeypatch.context() as patch:
        patch.delattr(GitMirror, "commits_since")
        assert poke(watch(repository)) == []
    built = repository.commit(readme="two")
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [built]


@pytest.fixture
def silent() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(64)
        yield f"git://127.0.0.1:{listening.getsockname()[1]}/x"


def test_silent_servers_hold_up_no_other_project(
    repository: Repository, artifacts: Path, silent: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository.commit(readme="one")
    monkeypatch.setattr(store, "ANSWER", 2.0)
    mute = [
        WatchedProject(dag_id=f"mute{n}", url=f"{silent}{n}", branch="main", connection=None)
        for n in range(10)
    ]
    began = time.monotonic()
    runs = poke(*mute, watch(repository))
    assert [run["trigger_dag_id"] for run in runs] == ["shop"]
    assert time.monotonic() - began < 10


def test_a_server_that_falls_silent_after_its_refs_holds_up_no_other_project(
    daemon: tuple[Path, str], artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil, good = two(daemon, "falls-silent")
    monkeypatch.setattr(watcher, "PATIENCE", 2.0)
    over = threading.Event()
    of = GitMirror.commit

    def stuck(mirror: GitMirror, sha: str) -> Commit:
        if mirror.url == evil.url:
            over.wait(30)
        return of(mirror, sha)

    monkeypatch.setattr(GitMirror, "commit", stuck)
    runs = poke(watch(evil, "evil"), watch(good, "good"))
    over.set()
    head = evil.git("rev-parse", "HEAD")
    assert [(run["trigger_dag_id"], run["conf"]["ref"]) for run in runs] == [
        ("evil", head),
        ("good", good.git("rev-parse", "HEAD")),
    ]


@pytest.mark.parametrize("stored", [b"[" * 200_000, b'"\\ud800"', b'"' + b"a" * 300_000 + b'"'])
def test_a_remembered_head_that_is_no_sha_is_not_even_parsed(
    repository: Repository, artifacts: Path, stored: bytes
) -> None:
    head = repository.commit(readme="one")
    (artifacts / "heads").mkdir(parents=True)
    (artifacts / "heads" / "shop.json").write_bytes(stored)
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == [head]
