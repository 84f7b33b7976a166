"""What Bitbucket Cloud tells webhooks: these fields, in this form, and no more than it would."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from include.localforge import git

# Commits that a payload names of each ref, however many were pushed.
MOST_COMMITS = 5
# Digits of a commit's id in a pull request.
SHORT = 12
_ZEROS = "0" * 40
_NAMES = {"refs/heads/": "branch", "refs/tags/": "tag"}
_ADA = {"display_name": "Ada", "nickname": "ada", "type": "user", "uuid": "{ada}"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """A ref of a push, as ``post-receive`` is told of it.

    :param old: where it was; zeros for one that is new.
    :param new: where it is; zeros for one that is gone.
    :param ref: its name in full.
    """

    old: str
    new: str
    ref: str


def push(repository: str, bare: Path, changes: Sequence[Change]) -> dict[str, Any]:
    """Return the payload of ``repo:push``.

    :param repository: its full name.
    :param bare: where it lies.
    :param changes: all refs of the push.
    """
    return {
        "actor": _ADA,
        "repository": about(repository),
        "push": {"changes": [_change(bare, one) for one in changes]},
    }


def about(repository: str) -> dict[str, Any]:
    """Return what is said of a repository.

    :param repository: its full name.
    """
    workspace, _, name = repository.partition("/")
    return {
        "type": "repository",
        "uuid": f"{{{repository}}}",
        "full_name": repository,
        "name": name,
        "is_private": True,
        "workspace": {"slug": workspace},
    }


def pull_request(repository: str, found: dict[str, Any]) -> dict[str, Any]:
    """Return the payload of an event of a pull request.

    :param repository: its full name.
    :param found: the pull request, as the API has it.
    """
    return {"actor": _ADA, "repository": about(repository), "pullrequest": found}


def new_pull_request(
    repository: str, *, number: int, title: str, source: str, sha: str, target: str
) -> dict[str, Any]:
    """Return a pull request within a repository, as the API has it.

    :param repository: its full name.
    :param number: its own, counting from 1.
    :param title: in its author's words.
    :param source: the branch that it comes from.
    :param sha: its newest commit, of which Bitbucket shows the first digits alone.
    :param target: the branch that it wants to go to.
    """
    return {
        "type": "pullrequest",
        "id": number,
        "title": title,
        "description": "",
        "state": "OPEN",
        "draft": False,
        "author": _ADA,
        "source": {
            "branch": {"name": source},
            "commit": {"type": "commit", "hash": sha[:SHORT]},
            "repository": about(repository),
        },
        "destination": {"branch": {"name": target}, "repository": about(repository)},
        "merge_commit": None,
        "close_source_branch": False,
        "closed_by": None,
        "reason": "",
    }


def _change(bare: Path, change: Change) -> dict[str, Any]:
    created, closed = change.old == _ZEROS, change.new == _ZEROS
    forced = not created and not closed and not git.is_ancestor(bare, change.old, change.new)
    pushed = []
    if not closed:
        since = [] if created else [f"^{change.old}"]
        pushed = list(git.commits(bare, change.new, *since, most=MOST_COMMITS + 1))
    return {
        "old": None if created else _ref(bare, change.ref, change.old),
        "new": None if closed else _ref(bare, change.ref, change.new),
        "created": created,
        "closed": closed,
        "forced": forced,
        "truncated": len(pushed) > MOST_COMMITS,
        "commits": [_commit(one) for one in pushed[:MOST_COMMITS]],
    }


def _ref(bare: Path, ref: str, sha: str) -> dict[str, Any]:
    start = next((one for one in _NAMES if ref.startswith(one)), "")
    found = git.commit(bare, sha)
    target = _commit(found) if found else {"type": "commit", "hash": sha}
    return {"type": _NAMES.get(start, "branch"), "name": ref.removeprefix(start), "target": target}


def _commit(found: git.Commit) -> dict[str, Any]:
    return {
        "type": "commit",
        "hash": found.sha,
        "message": found.message,
        "date": found.date,
        "author": {"type": "author", "raw": found.author},
        "parents": [{"type": "commit", "hash": sha} for sha in found.parents],
    }
