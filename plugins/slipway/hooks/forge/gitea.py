"""Gitea and Forgejo: commit statuses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.hooks.forge.base import Forge
from slipway.hooks.forge.github import pull_request
from slipway.hooks.forge.pull_requests import MOST_BYTES, PER_PAGE, read_pages, understood
from slipway.model.forge.pull_request import PullRequest
from slipway.model.forge.status import CommitStatus, StatusState
from slipway.model.text.inert import brief

_DESCRIPTION = 255


class Gitea(Forge):
    """A repository at a Gitea or Forgejo."""

    scopes = "the permission `write:repository`"

    def set_status(self, status: CommitStatus) -> None:
        """Show a status, as :meth:`Forge.set_status` says."""
        body = {
            "state": _STATES[status.state],
            "context": status.key,
            "description": brief(status.text, _DESCRIPTION),
            "target_url": status.url,
        }
        self.send("POST", f"/api/v1/repos/{self.repository()}/statuses/{status.sha}", body)

    def open_pull_requests(self) -> list[PullRequest]:
        """List pull requests; the server may allow fewer on a page than are asked for."""

        def page(number: int) -> tuple[Any, int | None]:
            asked = f"state=open&limit={PER_PAGE}&page={number}"
            path = f"/api/v1/repos/{self.repository()}/pulls?{asked}"
            found = self.send("GET", path, most=MOST_BYTES)
            return found, number + 1 if found else None

        return understood(read_pages(page), pull_request)

    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request."""
        return f"/api/v1/repos/{self.repository()}/pulls/{number}"

    def headers(self) -> Mapping[str, str]:
        """Return the token as Gitea calls it."""
        return {"Authorization": f"token {self.login.token}"}


_STATES = {
    StatusState.IN_PROGRESS: "pending",
    StatusState.SUCCESSFUL: "success",
    StatusState.FAILED: "failure",
    # Neither passed nor failed: `warning` would count as passed.
    StatusState.STOPPED: "error",
}
