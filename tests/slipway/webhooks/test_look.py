"""The look at a repository that follows a hook."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from slipway.exceptions import SlipwayError
from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import last_hook
from slipway.webhooks import look as looking
from slipway.webhooks.look import Look, Looker, look_at
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, remember, watch
from tests.slipway.webhooks.shop import Runs, shop


def test_a_hook_runs_every_commit_of_a_push_oldest_first_and_once(
    repository: Repository, artifacts: Path
) -> None:
    runs = Runs()
    first = repository.commit(readme="one")
    assert look_at(shop(repository), runs) == [f"commit__{first}"]
    push = [repository.commit(readme=f"push {number}") for number in range(7)]
    assert look_at(shop(repository), runs) == [f"commit__{sha}" for sha in push]
    assert runs.confs[1:] == [{"ref": sha} for sha in push]
    for _ in range(3):
        assert look_at(shop(repository), runs) == []


def test_a_hook_and_then_a_poll_of_one_commit_are_one_run(
    repository: Repository, artifacts: Path
) -> None:
    look_at(shop(repository), Runs())
    repository.commit(readme="one")
    assert look_at(shop(repository), Runs())
    assert poke(watch(repository)) == []


def test_a_poll_and_then_a_hook_of_one_commit_are_one_run(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    remember(poke(watch(repository)))
    assert look_at(shop(repository), Runs()) == []


def test_a_server_that_is_killed_before_it_remembers_repeats_nothing_and_loses_nothing(
    repository: Repository, artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed between one run and the next: the poll finds them all, of which one is there."""
    repository.commit(readme="one")
    look_at(shop(repository), Runs())
    push = [repository.commit(readme=f"push {number}") for number in range(3)]

    class Killed(Runs):
        def start(self, dag_id: str, run_id: str, conf: dict[str, str]) -> bool:
            if self.ids:
                raise SystemExit
            return super().start(dag_id, run_id, conf)

    killed = Killed()
    with pytest.raises(SystemExit):
        look_at(shop(repository), killed)
    assert killed.ids == [f"commit__{push[0]}"]
    assert [run["conf"]["ref"] for run in poke(watch(repository))] == push


def test_a_branch_of_a_strangers_is_looked_for_in_vain(
    repository: Repository, artifacts: Path
) -> None:
    """Whatever the names in its repository are like."""
    runs = Runs()
    head = repository.commit(readme="one")
    look_at(shop(repository), runs)
    for name in ("a/refs/heads/main", "a;touch", "$(id)", "{{7-7}}", "x" * 200, head[:39]):
        repository.git("branch", name)
        repository.git("checkout", "--quiet", name)
        repository.commit(readme=name)
    repository.git("tag", "main")
    repository.git("tag", head)
    assert look_at(shop(repository), runs) == []
    assert runs.ids == [f"commit__{head}"]


def test_a_rewritten_branch_runs_its_new_head_and_a_deleted_one_is_told_of_once(
    repository: Repository, artifacts: Path
) -> None:
    runs = Runs()
    repository.commit(readme="one")
    look_at(shop(repository), runs)
    repository.git("commit", "--amend", "--quiet", "-m", "rewritten")
    head = repository.git("rev-parse", "HEAD")
    assert look_at(shop(repository), runs) == [f"commit__{head}"]
    repository.git("branch", "--move", "main", "gone")
    (missing,) = look_at(shop(repository), runs)
    assert missing.startswith("branch_missing__")
    assert look_at(shop(repository), runs) == []


def test_a_commit_that_asks_not_to_be_built_is_not_built_by_a_hook_either(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    look_at(shop(repository), Runs())
    repository.commit("Spelling [ci skip]", readme="two")
    assert look_at(shop(repository), Runs()) == []


def test_while_the_watcher_is_paused_no_hook_makes_a_run(
    repository: Repository, artifacts: Path
) -> None:
    repository.commit(readme="one")
    runs = Runs()
    runs.paused = True
    assert look_at(shop(repository), runs) == []
    assert poke(watch(repository)) != []


def test_a_hook_is_noted_also_where_the_repository_is_away(artifacts: Path) -> None:
    known = KnownRepository(url="git://127.0.0.1:1/x", branch="main", connection=None, webhook="x")
    assert look_at(Look(project="shop", repository=known, host="Gitea"), Runs()) == []
    hook = last_hook(artifact_store(), "shop")
    assert hook is not None
    assert hook.host == "Gitea"
    stored = json.loads((artifacts / "hooks" / "shop.json").read_text())
    assert stored.keys() == {"at", "host"}


def look(project: str = "shop") -> Look:
    known = KnownRepository(url=f"git://h/{project}", branch="main", connection=None, webhook="x")
    return Look(project=project, repository=known, host="GitHub")


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 10
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_a_hundred_hooks_during_a_look_are_one_more_look_that_begins_after_the_last() -> None:
    begun: list[float] = []
    go_on = threading.Event()

    def slow(look: Look) -> list[str]:
        begun.append(time.monotonic())
        go_on.wait(10)
        return []

    looker = Looker(slow)
    looker.ask(look())
    _until(lambda: len(begun) == 1)
    for _ in range(100):
        looker.ask(look())
    last = time.monotonic()
    go_on.set()
    _until(lambda: len(begun) == 2 and not looker._next)
    assert begun[1] > last
    looker.ask(look())
    _until(lambda: len(begun) == 3 and not looker._next)


def test_a_repository_that_answers_slowly_holds_up_no_other() -> None:
    done: list[str] = []
    go_on = threading.Event()

    def action(look: Look) -> list[str]:
        if look.project == "slow":
            go_on.wait(10)
        done.append(look.project)
        return []

    looker = Looker(action)
    looker.ask(look("slow"))
    for number in range(20):
        looker.ask(look(f"p{number}"))
    _until(lambda: len(done) == 20)
    assert "slow" not in done
    go_on.set()
    _until(lambda: len(done) == 21)


def test_a_look_that_fails_is_said_and_the_next_one_is_made(
    caplog: pytest.LogCaptureFixture,
) -> None:
    failures = [SlipwayError("no", advice="try"), ZeroDivisionError("a\nb"), None, None]

    def action(look: Look) -> list[str]:
        if (failure := failures.pop(0)) is not None:
            raise failure
        return ["commit__1"]

    looker = Looker(action)
    with caplog.at_level(logging.INFO, "slipway"):
        for left in (3, 2, 1):
            looker.ask(look())
            _until(lambda left=left: len(failures) == left and not looker._next)  # type: ignore[misc]
    said = [one.getMessage() for one in caplog.records]
    assert said[0].startswith("shop: no\n  what to do: try")
    assert said[1].startswith("shop: ZeroDivisionError: a<U+000A>b;")
    assert said[2] == "shop: started commit__1"


def test_few_threads_look_and_none_keeps_a_server_from_ending() -> None:
    seen: set[str] = set()
    count = 0

    def action(look: Look) -> list[str]:
        nonlocal count
        assert threading.current_thread().daemon
        seen.add(str(threading.get_ident()))
        count += 1
        return []

    looker = Looker(action)
    for number in range(50):
        looker.ask(look(f"p{number}"))
    _until(lambda: count == 50)
    assert len(seen) <= looking.AT_ONCE
