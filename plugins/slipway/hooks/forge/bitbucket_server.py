"""Bitbucket Data Center: build statuses, and Code Insights for tests."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from slipway.exceptions import ForgeRefused
from slipway.hooks.forge.base import Forge
from slipway.hooks.forge.insights import figures, report_name
from slipway.hooks.forge.pull_requests import (
    MOST_BYTES,
    PER_PAGE,
    at,
    made,
    other,
    read_pages,
    understood,
)
from slipway.model.forge.login import ACCESS_TOKEN_USER
from slipway.model.forge.pull_request import PullRequest
from slipway.model.forge.status import Annotation, CommitStatus, StatusState, TestSummary
from slipway.model.text.inert import brief

_DESCRIPTION, _DETAILS, _MESSAGE, _MOST = 255, 2000, 2000, 1000


class BitbucketServer(Forge):
    """A repository at a Bitbucket of one's own."""

    scopes = "the permission to read the repository, and to write for Code Insights"

    def set_status(self, status: CommitStatus) -> None:
        """Show a status, as :meth:`Forge.set_status` says; before 7.4 by the old endpoint."""
        body = {
            "key": status.key,
            "name": status.key,
            "state": _STATES[status.state],
            "description": brief(status.text, _DESCRIPTION),
            "url": status.url or f"{self._repository_page()}/commits/{status.sha}",
            **({"ref": f"refs/heads/{status.branch}"} if status.branch else {}),
        }
        try:
            self.send("POST", f"{self._api('api')}/commits/{status.sha}/builds", body)
        except ForgeRefused as refused:
            # There is no such endpoint, no such repository, or no such commit.
            if " answers 404 " not in refused.message:
                raise
            old = {name: value for name, value in body.items() if name != "ref"}
            old["state"] = _OLD_STATES[status.state]
            try:
                self.send("POST", f"/rest/build-status/1.0/commits/{status.sha}", old)
            except ForgeRefused:
                raise refused from None

    def show_tests(self, status: CommitStatus, tests: TestSummary) -> None:
        """Show a report with an annotation for each failed test whose place is known."""
        name = quote(report_name(status), safe="")
        report = f"{self._api('insights')}/commits/{status.sha}/reports/{name}"
        self.send("PUT", report, _insight(status, tests))
        # Those of an earlier run of this commit would stay beside the new ones.
        self.send("DELETE", f"{report}/annotations", fine=404)
        if some := tests.annotations[:_MOST]:
            body = {"annotations": [_annotation(i, one) for i, one in enumerate(some)]}
            self.send("POST", f"{report}/annotations", body)

    def open_pull_requests(self) -> list[PullRequest]:
        """List pull requests; a page may be short, and says where the next one begins."""

        def page(start: int) -> tuple[Any, int | None]:
            asked = f"state=OPEN&limit={PER_PAGE}&start={start}"
            path = f"{self._api('api')}/pull-requests?{asked}"
            answer = self.send("GET", path, most=MOST_BYTES)
            following = at(answer, "nextPageStart")
            more = at(answer, "isLastPage") is False and type(following) is int
            return at(answer, "values"), following if more and following > start else None

        return understood(read_pages(page, first=0), _pull_request)

    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request."""
        return f"{self._api('api')}/pull-requests/{number}"

    def headers(self) -> Mapping[str, str]:
        """Return a token as such: those of projects and repositories count in no other way."""
        if self.login.user in ("", ACCESS_TOKEN_USER):
            return super().headers()
        pair = f"{self.login.user}:{self.login.token}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def advice(self, status: int) -> str:
        """Say what can be done; a token in the wrong role is refused like a wrong one."""
        told = super().advice(status)
        if status == 401 and self.login.user:
            return (
                f"{told}; it was shown as the password of {self.login.user!r}. For an HTTP access "
                "token of a project or repository leave the connection's login empty"
            )
        return told

    def _api(self, name: str) -> str:
        return f"/rest/{name}/latest/{self._rooms()}"

    def _rooms(self) -> str:
        owner, name = self.place.path.split("/")
        return f"projects/{quote(owner, safe='~')}/repos/{quote(name, safe='')}"

    def _repository_page(self) -> str:
        return f"{self.place.server}/{self._rooms()}"


_STATES = {
    StatusState.IN_PROGRESS: "INPROGRESS",
    StatusState.SUCCESSFUL: "SUCCESSFUL",
    StatusState.FAILED: "FAILED",
    StatusState.STOPPED: "CANCELLED",
}
# It knows three.
_OLD_STATES = {**_STATES, StatusState.STOPPED: "FAILED"}


def _insight(status: CommitStatus, tests: TestSummary) -> dict[str, Any]:
    link = {"link": status.url} if status.url else {}
    return {
        "title": f"Tests of {status.project}",
        "details": brief(status.text, _DETAILS),
        "reporter": "Slipway",
        "result": "PASS" if status.state is StatusState.SUCCESSFUL else "FAIL",
        "data": figures(tests),
        **link,
    }


def _annotation(number: int, one: Annotation) -> dict[str, Any]:
    return {
        "externalId": f"slipway-{number}",
        "type": "BUG",
        "severity": "HIGH",
        "path": one.path,
        "line": one.line,
        "message": brief(f"{one.title}: {' '.join(one.text.split())}", _MESSAGE),
    }


def _pull_request(found: Mapping[str, Any]) -> PullRequest | None:
    ends = [at(found, end, "repository", "id") for end in ("fromRef", "toRef")]
    return made(
        number=found.get("id"),
        sha=at(found, "fromRef", "latestCommit"),
        branch=at(found, "toRef", "id"),
        source=at(found, "fromRef", "id"),
        fork=other(*ends),
        title=found.get("title"),
        author=at(found, "author", "user", "displayName"),
        draft=found.get("draft"),
    )
