"""Gitea and Forgejo: commit statuses."""

from __future__ import annotations

from collections.abc import Mapping

from slipway.hooks.forge.base import Forge
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
