"""GitHub: commit statuses, and a check with annotations for tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.hooks.forge.base import Forge
from slipway.hooks.forge.pull_requests import (
    MOST_BYTES,
    PER_PAGE,
    at,
    listed,
    made,
    other,
    read_pages,
    understood,
)
from slipway.model.forge.pull_request import PullRequest
from slipway.model.forge.status import Annotation, CommitStatus, StatusState, TestSummary
from slipway.model.text.inert import brief, inert

# Characters that GitHub takes of each, and annotations that one request may hold.
_DESCRIPTION, _TITLE, _AT_ONCE = 140, 255, 50
_PUBLIC = "https://api.github.com"


class GitHub(Forge):
    """A repository at github.com, or at a GitHub Enterprise Server."""

    scopes = (
        "to write commit statuses: `repo:status`, or the permission Commit statuses: Write; for "
        "pull requests `repo`, or the permission Pull requests: Read"
    )

    def set_status(self, status: CommitStatus) -> None:
        """Show a status, as :meth:`Forge.set_status` says."""
        body = {
            "state": _STATES[status.state],
            "context": status.key,
            "description": brief(status.text, _DESCRIPTION),
            **({"target_url": status.url} if status.url else {}),
        }
        self.send("POST", f"{self._repository()}/statuses/{status.sha}", body)

    def show_tests(self, status: CommitStatus, tests: TestSummary) -> None:
        """Show a check with the failed tests at their lines; only tokens of GitHub Apps may."""
        if not tests.annotations:
            return
        failed = status.state is not StatusState.SUCCESSFUL
        body = {
            "name": f"{status.key} report",
            "head_sha": status.sha,
            "status": "completed",
            "conclusion": "failure" if failed else "success",
            **({"details_url": status.url} if status.url else {}),
            "output": {
                "title": brief(status.text, _TITLE),
                "summary": inert(status.text),
                "annotations": [_annotation(one) for one in tests.annotations[:_AT_ONCE]],
            },
        }
        self.send("POST", f"{self._repository()}/check-runs", body, fine=403)

    def open_pull_requests(self) -> list[PullRequest]:
        """List pull requests, as :meth:`Forge.open_pull_requests` says."""

        def page(number: int) -> tuple[Any, int | None]:
            asked = f"state=open&per_page={PER_PAGE}&page={number}"
            found = self.send("GET", f"{self._repository()}/pulls?{asked}", most=MOST_BYTES)
            return found, number + 1 if len(listed(found)) == PER_PAGE else None

        return understood(read_pages(page), pull_request)

    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request."""
        return f"{self._repository()}/pulls/{number}"

    def headers(self) -> Mapping[str, str]:
        """Return the token, and which version of the API is spoken."""
        return {**super().headers(), "X-GitHub-Api-Version": "2022-11-28"}

    def _repository(self) -> str:
        below = "" if self.place.server == _PUBLIC else "/api/v3"
        return f"{below}/repos/{self.repository()}"


_STATES = {
    StatusState.IN_PROGRESS: "pending",
    StatusState.SUCCESSFUL: "success",
    StatusState.FAILED: "failure",
    # Neither passed nor failed: GitHub has no word for it but this one.
    StatusState.STOPPED: "error",
}


def _annotation(one: Annotation) -> dict[str, Any]:
    line = max(one.line, 1)
    return {
        "path": one.path,
        "start_line": line,
        "end_line": line,
        "annotation_level": "failure",
        "title": brief(one.title, _TITLE),
        "message": one.text or one.title,
    }


def pull_request(found: Mapping[str, Any]) -> PullRequest | None:
    """Understand a pull request; Gitea tells of one in the same words, with ids beside them."""
    ends = [
        at(found, end, "repo", "id") or at(found, end, "repo_id") or 0 for end in ("head", "base")
    ]
    return made(
        number=found.get("number"),
        sha=at(found, "head", "sha"),
        branch=at(found, "base", "ref"),
        source=at(found, "head", "ref"),
        fork=other(*ends),
        title=found.get("title"),
        author=at(found, "user", "login"),
        draft=found.get("draft"),
    )
