"""GitLab: commit statuses, as jobs of an external pipeline."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from slipway.exceptions import ForgeRefused
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
from slipway.model.forge.status import CommitStatus, StatusState
from slipway.model.text.inert import brief

_DESCRIPTION = 255


class GitLab(Forge):
    """A repository at gitlab.com, or at a GitLab of one's own."""

    scopes = "the scope `api`, and the role Developer or above in the project"

    def set_status(self, status: CommitStatus) -> None:
        """Show a status, as :meth:`Forge.set_status` says."""
        body = {
            "state": _STATES[status.state],
            "name": status.key,
            "description": brief(status.text, _DESCRIPTION),
            **({"target_url": status.url} if status.url else {}),
            **({"ref": status.branch} if status.branch else {}),
        }
        path = f"/api/v4/projects/{quote(self.place.path, safe='')}/statuses/{status.sha}"
        try:
            self.send("POST", path, body)
        except ForgeRefused as refused:
            # It does not take the state that it has already, so the text of that one stays.
            if "Cannot transition status" not in refused.message:
                raise

    def open_pull_requests(self) -> list[PullRequest]:
        """List merge requests, which are what others call pull requests."""

        def page(number: int) -> tuple[Any, int | None]:
            asked = f"state=opened&per_page={PER_PAGE}&page={number}"
            found = self.send("GET", f"{self._merge_requests()}?{asked}", most=MOST_BYTES)
            return found, number + 1 if len(listed(found)) == PER_PAGE else None

        return understood(read_pages(page), _merge_request)

    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request."""
        return f"{self._merge_requests()}/{number}"

    def headers(self) -> Mapping[str, str]:
        """Return the token in GitLab's own header, which takes those of projects and groups too."""
        return {"PRIVATE-TOKEN": self.login.token}

    def _merge_requests(self) -> str:
        return f"/api/v4/projects/{quote(self.place.path, safe='')}/merge_requests"


_STATES = {
    StatusState.IN_PROGRESS: "running",
    StatusState.SUCCESSFUL: "success",
    StatusState.FAILED: "failed",
    StatusState.STOPPED: "canceled",
}


def _merge_request(found: Mapping[str, Any]) -> PullRequest | None:
    return made(
        number=found.get("iid"),
        sha=found.get("sha"),
        branch=found.get("target_branch"),
        source=found.get("source_branch"),
        fork=other(found.get("source_project_id"), found.get("target_project_id")),
        title=found.get("title"),
        author=at(found, "author", "username"),
        draft=found.get("draft"),
    )
