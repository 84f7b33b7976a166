"""Bitbucket Cloud: build statuses, and Code Insights for tests."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlsplit

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
from slipway.model.forge.login import APP_PASSWORDS_ARE_GONE
from slipway.model.forge.pull_request import PullRequest
from slipway.model.forge.status import Annotation, CommitStatus, StatusState, TestSummary
from slipway.model.text.inert import brief

# Characters that Bitbucket keeps of each, and annotations that one request may hold.
_DESCRIPTION, _SUMMARY, _DETAILS, _AT_ONCE = 255, 450, 2000, 100


class Bitbucket(Forge):
    """A repository at bitbucket.org."""

    scopes = (
        "to write to the repository: the permission Repositories: Write of an access token, or the "
        "scopes `read:repository:bitbucket` and `write:repository:bitbucket` of an API token; for "
        "pull requests also Pull requests: Read, or `read:pullrequest:bitbucket`"
    )
    forbidden = (
        "A status that another user made can be changed by that user alone, and by the "
        "repository's administrators"
    )

    def set_status(self, status: CommitStatus) -> None:
        """Show a status, as :meth:`Forge.set_status` says."""
        body = {
            "key": status.key,
            "name": status.key,
            "state": status.state.value,
            "description": brief(status.text, _DESCRIPTION),
            "url": self._page(status),
            **({"refname": status.branch} if status.branch else {}),
        }
        self.send("POST", f"{self._commit(status.sha)}/statuses/build", body)

    def show_tests(self, status: CommitStatus, tests: TestSummary) -> None:
        """Show a report with an annotation for each failed test whose place is known."""
        report = f"{self._commit(status.sha)}/reports/{quote(report_name(status), safe='')}"
        # Annotations of an earlier run of this commit would stay beside the new ones.
        self.send("DELETE", report, fine=404)
        self.send("PUT", report, _insight(status, tests))
        for first in range(0, len(tests.annotations), _AT_ONCE):
            some = tests.annotations[first : first + _AT_ONCE]
            body = [_annotation(first + i, one) for i, one in enumerate(some)]
            self.send("POST", f"{report}/annotations", body)

    def open_pull_requests(self) -> list[PullRequest]:
        """List pull requests; of their commits Bitbucket names the first 12 digits."""

        def page(number: int) -> tuple[Any, int | None]:
            asked = f"state=OPEN&pagelen={PER_PAGE}&page={number}&fields={_FIELDS}"
            path = f"/2.0/repositories/{self.repository()}/pullrequests?{asked}"
            answer = self.send("GET", path, most=MOST_BYTES)
            return at(answer, "values"), number + 1 if at(answer, "next") else None

        return understood(read_pages(page), _pull_request)

    def pull_request_path(self, number: int) -> str:
        """Return where the API has a pull request."""
        return f"/2.0/repositories/{self.repository()}/pullrequests/{number}"

    def headers(self) -> Mapping[str, str]:
        """Return what the token's kind asks for.

        :raises ForgeRefused: when it cannot be right.
        """
        named = f"the connection {self.place.connection!r}"
        if self.login.is_app_password:
            msg = f"{named} holds an app password"
            raise ForgeRefused(msg, advice=APP_PASSWORDS_ARE_GONE)
        if not self.login.is_api_token:
            return super().headers()
        if not self.login.address:
            msg = f"{named} holds an API token without its owner's e-mail address"
            advice = "put the address into its login, or into its extra as `email`"
            raise ForgeRefused(msg, advice=advice)
        pair = f"{self.login.address}:{self.login.token}"
        return {"Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}

    def advice(self, status: int) -> str:
        """Say what can be done; a token in the wrong role is refused like a wrong one."""
        if status == 401 and self.login.is_api_token:
            return (
                f"{super().advice(status)}; it was shown as an API token of {self.login.address}. "
                "For an access token leave the connection's login empty"
            )
        if status == 401:
            return (
                f"{super().advice(status)}; it was shown as an access token. For an API token put "
                "its owner's e-mail address into the connection's login"
            )
        return super().advice(status)

    def _commit(self, sha: str) -> str:
        return f"/2.0/repositories/{self.repository()}/commit/{sha}"

    def _page(self, status: CommitStatus) -> str:
        """Return a page that Bitbucket takes: it asks for one, on a host with a full name."""
        host, server = (urlsplit(url).hostname or "" for url in (status.url, self.place.server))
        # What stands in for Bitbucket on this machine finds everything that is on it.
        if "." in host or ":" in host or (host and server == "127.0.0.1"):
            return status.url
        return f"https://bitbucket.org/{self.repository()}/commits/{status.sha}"


def _insight(status: CommitStatus, tests: TestSummary) -> dict[str, Any]:
    passed = status.state is StatusState.SUCCESSFUL
    link = {"link": status.url} if status.url else {}
    return {
        "title": f"Tests of {status.project}",
        "details": brief(status.text, _DETAILS),
        "report_type": "TEST",
        "reporter": "Slipway",
        "result": "PASSED" if passed else "FAILED",
        "data": figures(tests),
        **link,
    }


def _annotation(number: int, one: Annotation) -> dict[str, Any]:
    line = {"line": one.line} if one.line else {}
    return {
        "external_id": f"slipway-{number}",
        "annotation_type": "BUG",
        "severity": "HIGH",
        "result": "FAILED",
        "path": one.path,
        "summary": brief(one.title, _SUMMARY),
        "details": one.text[:_DETAILS],
        **line,
    }


# What is asked of a pull request; its text may be long.
_FIELDS = ",".join(
    (
        "next",
        *(
            f"values.{name}"
            for name in (
                "id",
                "title",
                "draft",
                "author.display_name",
                "source.branch.name",
                "source.commit.hash",
                "source.repository.uuid",
                "source.repository.full_name",
                "destination.branch.name",
                "destination.repository.uuid",
            )
        ),
    )
)
_FULL_NAME = re.compile(r"[\w.-]+/[\w.-]+", re.ASCII)


def _origin(name: Any) -> str:
    """Return the URL of a fork; empty where it is gone, or its name is none."""
    known = isinstance(name, str) and _FULL_NAME.fullmatch(name)
    return f"https://bitbucket.org/{name}.git" if known else ""


def _pull_request(found: Mapping[str, Any]) -> PullRequest | None:
    fork = other(
        at(found, "source", "repository", "uuid"), at(found, "destination", "repository", "uuid")
    )
    name = at(found, "source", "repository", "full_name")
    return made(
        number=found.get("id"),
        sha=at(found, "source", "commit", "hash"),
        branch=at(found, "destination", "branch", "name"),
        source=at(found, "source", "branch", "name"),
        fork=fork,
        origin=_origin(name) if fork else "",
        title=found.get("title"),
        author=at(found, "author", "display_name"),
        draft=found.get("draft"),
    )
