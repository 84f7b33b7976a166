"""What the host does with pull requests: opens them, ends them, and tells its webhooks."""

from __future__ import annotations

from collections.abc import Iterator

from include.localforge import git, payload
from include.localforge.deliver import deliver
from include.localforge.state import ForgeHome, Json

# What a webhook is told when one ends, by the state that it ends in.
ENDINGS = {"MERGED": "pullrequest:fulfilled", "DECLINED": "pullrequest:rejected"}


class NoPullRequest(Exception):
    """There is none, or none can be made; the message says why."""


def current(home: ForgeHome, repository: str) -> list[Json]:
    """Return a repository's pull requests; those that are open as their branches are now.

    :param home: the host's.
    :param repository: its full name.
    """
    return [_now(home, repository, one) for one in home.pull_requests(repository)]


def open_pull_request(
    home: ForgeHome, repository: str, *, title: str, source: str, target: str = "main"
) -> tuple[Json, list[str]]:
    """Open a pull request from a branch that was pushed, and tell of it.

    :param home: the host's.
    :param repository: its full name.
    :param title: in its author's words.
    :param source: the branch that it comes from.
    :param target: the branch that it wants to go to.
    :returns: the pull request, and a line on each webhook that was told.
    :raises NoPullRequest: when there is no such branch.
    """
    head = git.commit(home.bare(repository), f"refs/heads/{source}")
    if head is None:
        msg = f"{repository} has no branch {source}; push it first"
        raise NoPullRequest(msg)
    known = home.pull_requests(repository)
    number = max((one["id"] for one in known), default=0) + 1
    opened = payload.new_pull_request(
        repository, number=number, title=title, source=source, sha=head.sha, target=target
    )
    home.set_pull_requests(repository, [*known, opened])
    return opened, list(_tell(home, repository, "pullrequest:created", opened))


def end_pull_request(home: ForgeHome, repository: str, number: int, state: str) -> list[str]:
    """End a pull request that is open, and tell of it. What becomes of its commits is git's.

    :param home: the host's.
    :param repository: its full name.
    :param number: the pull request's.
    :param state: ``MERGED`` or ``DECLINED``.
    :returns: a line on each webhook that was told.
    :raises NoPullRequest: when there is none of that number that is open.
    """
    known = current(home, repository)
    found = next((one for one in known if one["id"] == number and one["state"] == "OPEN"), None)
    if found is None:
        msg = f"{repository} has no pull request {number} that is open"
        raise NoPullRequest(msg)
    ended = {**found, "state": state}
    home.set_pull_requests(repository, [ended if one is found else one for one in known])
    return list(_tell(home, repository, ENDINGS[state], ended))


def tell_of_updates(home: ForgeHome, repository: str, branches: set[str]) -> Iterator[str]:
    """Tell of the open pull requests whose branches were just pushed to.

    :param home: the host's.
    :param repository: its full name.
    :param branches: their names.
    """
    for one in current(home, repository):
        if one["state"] == "OPEN" and one["source"]["branch"]["name"] in branches:
            yield from _tell(home, repository, "pullrequest:updated", one)


def _tell(home: ForgeHome, repository: str, event: str, found: Json) -> Iterator[str]:
    return deliver(home, repository, event, payload.pull_request(repository, found))


def _now(home: ForgeHome, repository: str, one: Json) -> Json:
    source = one["source"]
    head = git.commit(home.bare(repository), f"refs/heads/{source['branch']['name']}")
    if one["state"] != "OPEN" or head is None:
        return one
    commit = {**source["commit"], "hash": head.sha[: payload.SHORT]}
    return {**one, "source": {**source, "commit": commit}}
