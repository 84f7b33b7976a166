"""What the host knows, in files of its owner's alone.

The server and a repository's ``post-receive`` are two processes: each writes files of its own, and
whole ones, so that neither waits for the other.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class ForgeHome:
    """The host's folder.

    :param folder: its own.
    :param git: where the git server has the repositories, as ``workspace/repository.git``.
    """

    folder: Path
    git: Path

    @property
    def token_file(self) -> Path:
        """The file with the only token that the API lets in."""
        return self.folder / "token"

    def bare(self, repository: str) -> Path:
        """Return where a repository lies.

        :param repository: its full name, ``acme/shop``.
        """
        return self.git / f"{repository}.git"

    def hooks(self, repository: str) -> dict[str, Json]:
        """Return a repository's webhooks by their ids, secrets included."""
        found: dict[str, Json] = self._read("hooks.json").get(repository, {})
        return found

    def set_hooks(self, repository: str, hooks: dict[str, Json]) -> None:
        """Remember a repository's webhooks."""
        self._write("hooks.json", {**self._read("hooks.json"), repository: hooks})

    def pull_requests(self, repository: str) -> list[Json]:
        """Return a repository's pull requests, the oldest first."""
        found: list[Json] = self._read("pull_requests.json").get(repository, [])
        return found

    def set_pull_requests(self, repository: str, found: list[Json]) -> None:
        """Remember a repository's pull requests."""
        self._write("pull_requests.json", {**self._read("pull_requests.json"), repository: found})

    def add(self, kind: str, fact: Json) -> None:
        """Remember something that happened.

        :param kind: ``statuses``, ``reports`` or ``deliveries``.
        :param fact: what, as JSON.
        """
        with self._private(f"{kind}.jsonl").open("a") as file:
            file.write(json.dumps(fact) + "\n")

    def all(self, kind: str) -> Iterator[Json]:
        """Give all of a kind that happened, the oldest first."""
        file = self.folder / f"{kind}.jsonl"
        if file.exists():
            yield from (json.loads(line) for line in file.read_text().splitlines())

    def statuses(self, repository: str, sha: str) -> list[Json]:
        """Return a commit's statuses: of each key what came last."""
        newest: dict[str, Json] = {}
        for one in self.all("statuses"):
            if (one["repository"], one["sha"]) == (repository, sha):
                newest[one["status"]["key"]] = one["status"]
        return list(newest.values())

    def reports(self, repository: str, sha: str) -> dict[str, Json]:
        """Return a commit's reports by their ids, each with its annotations."""
        found: dict[str, Json] = {}
        for one in self.all("reports"):
            if (one["repository"], one["sha"]) == (repository, sha):
                if one["report"] is None:
                    found.pop(one["id"], None)
                else:
                    found[one["id"]] = one["report"]
        return found

    def _read(self, name: str) -> Json:
        file = self.folder / name
        found: Json = json.loads(file.read_text()) if file.exists() else {}
        return found

    def _write(self, name: str, found: Json) -> None:
        draft = self._private(f"{name}.new")
        draft.write_text(json.dumps(found))
        draft.replace(self.folder / name)

    def _private(self, name: str) -> Path:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = self.folder / name
        file.touch(mode=0o600)
        return file
