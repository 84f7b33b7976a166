"""A repository, and a played host that tells of its pull requests."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.forge.place import ForgeKind, ForgePlace
from slipway.model.git.watching import WatchedProject, Watching
from slipway.tasks.watching.finder import Glance
from slipway.tasks.watching.found import Find
from slipway.tasks.watching.memory import remember_seen
from slipway.tasks.watching.pull_requests import PullRequests
from tests.fakes.git_server import Repository
from tests.forges.stand_in import Reply, Request, StandIn, stand_in

if TYPE_CHECKING:
    import pytest


@dataclass
class World:
    """A repository, and a host that tells of its pull requests.

    :param kind: of host.
    :param pulls: number -> the pull request, in the words of GitHub or Bitbucket.
    :param ended: number -> what the host says of one that is not open any more.
    """

    repository: Repository
    host: StandIn
    kind: ForgeKind = ForgeKind.GITHUB
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    ended: dict[int, dict[str, Any]] = field(default_factory=dict)
    said: list[str] = field(default_factory=list)
    problems: list[Exception] = field(default_factory=list)
    now: float = 1_800_000_000.0
    finder: PullRequests = field(default_factory=lambda: PullRequests(every=0))

    def opened(self, number: int, sha: str, *, source: str = "topic", **other: Any) -> None:
        branch, own = other.get("branch", "main"), other.get("repository", 1)
        title = other.get("title", "t")
        if self.kind is ForgeKind.BITBUCKET:
            repository = {"uuid": str(own), "full_name": "mallory/shop"} if own else None
            commit = {"hash": sha[:12]}
            ends = {"branch": {"name": source}, "commit": commit, "repository": repository}
            to = {"branch": {"name": branch}, "repository": {"uuid": "1"}}
            made = {"id": number, "title": title, "source": ends, "destination": to}
        else:
            head = {"ref": source, "sha": sha, "repo": {"id": own}}
            base = {"ref": branch, "repo": {"id": 1}}
            made = {"number": number, "title": title, "head": head, "base": base}
        self.pulls[number] = made

    def closed(self, number: int, **said: Any) -> None:
        """Let a pull request come to its end."""
        ended = {"state": "DECLINED" if self.kind is ForgeKind.BITBUCKET else "closed", **said}
        self.ended[number] = {**self.pulls.pop(number), **ended}

    def answer(self, request: Request) -> Reply:
        self.host.requests.append(request)
        if self.host.script:
            return self.host.script.pop(0)
        if (number := request.path.rpartition("/")[2]).isdecimal():
            one = self.pulls.get(int(number)) or self.ended.get(int(number))
            return Reply(body={"state": "open", **one}) if one else Reply(status=404)
        found = list(self.pulls.values())
        if self.kind is ForgeKind.BITBUCKET:
            return Reply(body={"values": found})
        page = int(request.path.rpartition("page=")[2])
        return Reply(body=found[(page - 1) * 20 : page * 20])

    @property
    def watching(self) -> Watching:
        """What the watcher is told."""
        place = ForgePlace(
            kind=self.kind, server=self.host.url, path="acme/shop", connection="host"
        )
        return Watching(pull_requests=place)

    def look(self) -> list[Find]:
        """Return what the finder finds."""
        project = WatchedProject(
            dag_id="shop",
            url=self.repository.url,
            branch="main",
            watching=self.watching,
        )
        glance = Glance(
            project=project,
            refs={},
            mirror=git_mirror(self.repository.url, None),
            store=artifact_store(),
            say=self.said.append,
            complain=self.problems.append,
            early=lambda _: None,
        )
        assert self.finder.wanted(project)
        return list(self.finder.find(glance))

    def run(self) -> list[Find]:
        """Look, and remember what was found, as if its runs had been made."""
        found = self.look()
        remember_seen(artifact_store(), [seen for one in found for seen in one.seen])
        return found


@contextmanager
def played(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Play the host of a repository with one commit."""
    connection = {"conn_type": "generic", "password": "t"}
    monkeypatch.setenv("AIRFLOW_CONN_HOST", json.dumps(connection))
    repository.commit(base="1")
    with stand_in() as host:
        one = World(repository=repository, host=host)
        monkeypatch.setattr(host, "answer", one.answer)
        yield one


def branch(repository: Repository, name: str, **files: str) -> str:
    """Push a commit to a branch of the repository itself."""
    repository.git("checkout", "--quiet", "-B", name, "main")
    sha = repository.commit(name, **files)
    repository.git("checkout", "--quiet", "main")
    return sha
