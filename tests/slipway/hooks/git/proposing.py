"""How the tests propose a change to a repository."""

from __future__ import annotations

from tests.fakes.git_server import Repository

REF = "refs/pull/7/head"


def propose(repository: Repository, ref: str = REF, **files: str) -> str:
    """Let somebody propose a commit, to which no branch leads."""
    repository.git("checkout", "--quiet", "--detach")
    sha = repository.commit("proposed", **files)
    repository.git("update-ref", ref, sha)
    repository.git("checkout", "--quiet", "main")
    return sha
