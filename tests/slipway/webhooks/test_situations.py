"""What git hosts really do, played by one: real pushes, its own payloads, real HTTP, real git.

The host is the demo's (``include/localforge``), with the limits and the retries of Bitbucket Cloud;
where Data Center is another matter it is said.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from include.localforge import payload, post_receive
from include.localforge.deliver import deliver
from include.localforge.state import ForgeHome
from slipway.hooks.airflow_runs import KnownRepository
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import note_hook
from slipway.tasks.missed_hooks import note_find
from slipway.webhooks.app import Receiver, make_app
from slipway.webhooks.limits import Gate
from slipway.webhooks.look import Looker, look_at
from slipway.webhooks.projects import Projects
from tests.fakes.git_server import Repository
from tests.slipway.sensors.polls import poke, remember, watch
from tests.slipway.webhooks.deliveries import SECRET
from tests.slipway.webhooks.shop import Runs

SHOP = "acme/shop"


@dataclass
class Host:
    """A git host with one repository, and Slipway's receiver behind its webhook.

    :param refuses: answers that the receiver gives first, in place of its own.
    """

    home: ForgeHome
    origin: Repository
    tree: Path
    runs: Runs
    looker: Looker
    refuses: list[int] = field(default_factory=list)

    def commit(self, *messages: str) -> list[str]:
        """Commit in the work tree; returns the shas."""
        shas = []
        for message in messages:
            file = self.tree / "said"
            file.write_text(message)
            self.git("add", "said")
            self.git("commit", "--quiet", "--allow-empty", "--file", str(file))
            shas.append(self.git("rev-parse", "HEAD"))
        return shas

    def push(self, *refs: str) -> None:
        """Push, and wait until every look has ended."""
        self.git("push", "--quiet", "origin", *refs)
        self.settle()

    def tell(self, event: str, found: dict[str, Any]) -> None:
        """Tell of a pull request, and wait likewise."""
        list(deliver(self.home, SHOP, event, payload.pull_request(SHOP, found)))
        self.settle()

    def settle(self) -> None:
        _until(lambda: not self.looker._next)

    def git(self, *words: str) -> str:
        return self.origin.git(*words, cwd=self.tree)

    @property
    def attempts(self) -> list[str]:
        return [one["answer"] for one in self.home.all("deliveries")]

    @property
    def started(self) -> list[str]:
        return [one.removeprefix("commit__") for one in self.runs.ids]


def _until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.02)


@pytest.fixture
def host(repository: Repository, artifacts: Path, tmp_path: Path) -> Iterator[Host]:
    home = ForgeHome(folder=tmp_path / "forge", git=tmp_path / "host")
    home.bare(SHOP).parent.mkdir(parents=True)
    home.bare(SHOP).symlink_to(repository.path / ".git")
    repository.commit("first")
    repository.git("config", "receive.denyCurrentBranch", "ignore")
    repository.git("config", "receive.denyDeleteCurrent", "ignore")
    post_receive.install(home, SHOP)
    tree = tmp_path / "tree"
    repository.git("clone", "--quiet", str(home.bare(SHOP)), str(tree))
    runs = Runs()
    looker = Looker(partial(look_at, runs=runs))
    found = Host(home=home, origin=repository, tree=tree, runs=runs, looker=looker)
    with Serving(found) as url:
        hook = {"url": url, "active": True, "secret": SECRET.decode()}
        events = ["repo:push", "pullrequest:created", "pullrequest:updated"]
        home.set_hooks(SHOP, {"{1}": {**hook, "description": "Slipway", "events": events}})
        # What was there before is the watcher's.
        remember(poke(watch(repository)))
        yield found


class Serving:
    """Serves the receiver, and refuses first where the host's test wants it to."""

    def __init__(self, host: Host) -> None:
        known = KnownRepository(url=host.origin.url, branch="main", connection=None, webhook="shop")

        class Source:
            def repository(self, dag_id: str) -> KnownRepository | None:
                return known if dag_id == "shop" else None

        projects = Projects(Source(), lambda _: (SECRET,))
        receiver = Receiver(projects=projects, looker=host.looker, gate=Gate())
        server = FastAPI()

        @server.middleware("http")
        async def refuse(request: Any, following: Any) -> Any:
            if host.refuses:
                return JSONResponse({}, status_code=host.refuses.pop(0))
            return await following(request)

        server.mount("/slipway/hooks", make_app(receiver))
        config = uvicorn.Config(server, host="127.0.0.1", port=0, log_level="error")
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)

    def __enter__(self) -> str:
        self._thread.start()
        _until(lambda: self._server.started)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        return f"http://127.0.0.1:{port}/slipway/hooks/shop"

    def __exit__(self, *_: object) -> None:
        self._server.should_exit = True
        self._thread.join()


def test_two_refs_of_one_push_are_one_look_at_the_branch_that_is_delivered(host: Host) -> None:
    (sha,) = host.commit("both")
    host.git("branch", "next")
    host.push("main", "next")
    assert host.started == [sha]
    assert host.attempts == ["202"]


def test_a_deleted_branch_of_somebodys_starts_nothing(host: Host) -> None:
    host.git("push", "--quiet", "origin", "HEAD:refs/heads/fix")
    host.push(":refs/heads/fix")
    assert host.started == []
    assert host.attempts == ["202", "202"]


def test_a_deleted_branch_that_is_delivered_is_said_once(host: Host) -> None:
    host.git("push", "--quiet", "origin", "HEAD:refs/heads/master")
    host.push(":refs/heads/main")
    host.push("HEAD:refs/heads/other")
    (missing,) = host.runs.ids
    assert missing.startswith("branch_missing__")


def test_a_tag_starts_no_second_run_of_its_commit(host: Host) -> None:
    (sha,) = host.commit("tagged")
    host.push("main")
    host.git("tag", "-a", "v1.4.0", "-m", "1.4.0")
    host.push("v1.4.0")
    assert host.started == [sha]


def test_a_force_push_runs_what_the_branch_is_now(host: Host) -> None:
    (old,) = host.commit("one")
    host.push("main")
    host.git("commit", "--quiet", "--amend", "--allow-empty", "-m", "another")
    new = host.git("rev-parse", "HEAD")
    host.push("--force", "main")
    assert host.started == [old, new]


def test_of_a_truncated_payload_no_commit_is_missed(host: Host) -> None:
    """The payload names the last five of eight commits; git names all of them, in order."""
    shas = host.commit(*(f"commit {number}" for number in range(8)))
    host.push("main")
    assert host.started == shas


def test_a_push_of_300_kb_has_no_hook_and_the_poll_finds_it(host: Host) -> None:
    (sha,) = host.commit("x" * 300_000)
    host.push("main")
    assert (host.attempts, host.started) == ([], [])
    assert [run["conf"]["ref"] for run in poke(watch(host.origin))] == [sha]


def test_a_second_and_a_third_attempt_after_failures_are_one_run(host: Host) -> None:
    host.refuses += [503, 500]
    (sha,) = host.commit("one")
    host.push("main")
    assert host.attempts == ["503", "500", "202"]
    assert host.started == [sha]


def test_an_attempt_that_comes_again_although_it_was_taken_is_no_second_run(host: Host) -> None:
    """The host's ten seconds were over, or the answer was lost on its way."""
    (sha,) = host.commit("one")
    host.push("main")
    changes = [payload.Change(old="0" * 40, new=sha, ref="refs/heads/main")]
    for _ in range(2):
        again = payload.push(SHOP, host.home.bare(SHOP), changes)
        list(deliver(host.home, SHOP, "repo:push", again))
        host.settle()
    assert host.started == [sha]


def test_a_hook_and_then_a_poll_find_a_commit_once(host: Host) -> None:
    (sha,) = host.commit("one")
    host.push("main")
    assert host.started == [sha]
    assert poke(watch(host.origin)) == []


def test_a_poll_that_was_first_leaves_the_hook_nothing(host: Host) -> None:
    host.refuses += [503] * 3
    (sha,) = host.commit("one")
    host.push("main")
    found = poke(watch(host.origin))
    assert [run["conf"]["ref"] for run in found] == [sha]
    remember(found)
    host.push("HEAD:refs/heads/other")
    assert host.started == []


def _proposed(host: Host, title: str = "A fix") -> dict[str, Any]:
    (sha,) = host.commit("proposed")
    host.git("push", "--quiet", "origin", "HEAD:refs/heads/fix")
    host.git("reset", "--quiet", "--hard", "origin/main")
    return payload.new_pull_request(
        SHOP, number=1, title=title, source="fix", sha=sha, target="main"
    )


def test_a_pull_requests_twelve_digits_are_taken_for_no_commit(host: Host) -> None:
    """What it brings is no commit of the delivered branch, and starts no delivery."""
    found = _proposed(host)
    assert len(found["source"]["commit"]["hash"]) == 12
    host.tell("pullrequest:created", found)
    assert host.started == []
    assert set(host.attempts) == {"202"}


def test_an_update_of_a_pull_request_without_a_new_commit_starts_nothing(host: Host) -> None:
    found = _proposed(host)
    host.tell("pullrequest:created", found)
    host.tell("pullrequest:updated", {**found, "title": "$(touch x) {{ 7*7 }}"})
    assert host.started == []


def test_a_breaker_that_is_open_for_hours_costs_no_commit_and_is_said(host: Host) -> None:
    """Data Center's: after five failures it sends nothing for up to ten hours."""
    store, silent = artifact_store(), {"{1}": {**host.home.hooks(SHOP)["{1}"], "active": False}}
    host.commit("before")
    host.push("main")
    began = datetime.now(UTC)
    note_hook(store, "shop", "Bitbucket Data Center", began)
    host.home.set_hooks(SHOP, silent)
    said = []
    for hours in range(1, 11):
        (sha,) = host.commit(f"after {hours} h")
        host.push("main")
        found = poke(watch(host.origin))
        assert [run["conf"]["ref"] for run in found] == [sha]
        remember(found)
        said.append(note_find(store, "shop", began + timedelta(hours=hours)))
    assert len(host.started) == 1
    assert any(said)
