"""The variables that Drone gives each step, from the commit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from slipway.facts import Checkout

# Linux takes 128 KiB in one variable; nobody's script reads this much of a commit message.
_LONGEST_MESSAGE = 16_384
_COUNT = re.compile(r"\+(\d+)\.g")


def build_variables(checkout: Checkout) -> dict[str, str]:
    """Return the variables that are the same for every step of a run.

    The build number is the number of commits since the last release tag, which the version
    carries: it is the same however often a commit is built.

    :param checkout: the commit.
    """
    release, branch = checkout.release, checkout.branch
    count = _COUNT.search(release.version)
    path = urlsplit(checkout.repository).path.strip("/").removesuffix(".git")
    namespace = path.rpartition("/")[0]
    event = "tag" if checkout.tag else "push"
    ref = f"refs/tags/{checkout.tag}" if checkout.tag else f"refs/heads/{branch}"
    variables = {
        "CI": "true",
        "DRONE": "true",
        "DRONE_BRANCH": branch,
        "DRONE_BUILD_EVENT": event,
        "DRONE_BUILD_NUMBER": count[1] if count else "1",
        "DRONE_COMMIT": release.sha,
        "DRONE_COMMIT_AFTER": release.sha,
        "DRONE_COMMIT_AUTHOR": checkout.author_name,
        "DRONE_COMMIT_AUTHOR_EMAIL": checkout.author_email,
        "DRONE_COMMIT_AUTHOR_NAME": checkout.author_name,
        "DRONE_COMMIT_BEFORE": checkout.parent or "",
        "DRONE_COMMIT_BRANCH": branch,
        "DRONE_COMMIT_MESSAGE": checkout.message[:_LONGEST_MESSAGE],
        "DRONE_COMMIT_REF": ref,
        "DRONE_COMMIT_SHA": release.sha,
        "DRONE_GIT_HTTP_URL": checkout.repository,
        "DRONE_REMOTE_URL": checkout.repository,
        "DRONE_REPO": f"{namespace}/{release.project}" if namespace else release.project,
        "DRONE_REPO_BRANCH": branch,
        "DRONE_REPO_NAME": release.project,
        "DRONE_REPO_NAMESPACE": namespace,
        "DRONE_REPO_OWNER": namespace,
        "DRONE_SOURCE_BRANCH": branch,
        "DRONE_TARGET_BRANCH": branch,
    }
    if checkout.tag:
        variables["DRONE_TAG"] = checkout.tag
    return {name: value.replace("\0", "") for name, value in variables.items()}
