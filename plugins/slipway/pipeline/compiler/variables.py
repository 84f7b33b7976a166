"""The variables that Drone gives each step, from the commit and the event.

The names are those of docs.drone.io/pipeline/environment/reference, and ``CI_*``, which Drone 0.8
gave; ``SLIPWAY_VERSION`` and ``SOURCE_DATE_EPOCH`` are for those who build. Names for the state of
a run (``*_STATUS``, ``DRONE_FAILED_*``) are made while it runs.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from slipway.pipeline.compiler.forge_pages import commit_page, repository_page
from slipway.pipeline.yaml.conditions import Event

if TYPE_CHECKING:
    from slipway.model.facts import Checkout

# Linux takes 128 KiB in one variable; nobody's script reads this much of a commit message.
_LONGEST_MESSAGE = 16_384
_COUNT = re.compile(r"\+(\d+)\.g")
_SEMVER = re.compile(
    r"v?(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+([0-9A-Za-z.-]+))?"
)  # semver.org
_CALVER = re.compile(r"v?(\d+)\.(\d+)(?:\.([^-]*)(?:-(.+))?)?")  # as Drone reads it
# Names of Drone 0.8, and today's that hold the same.
_EARLIER = {
    "CI_BRANCH": "DRONE_BRANCH",
    "CI_BUILD_EVENT": "DRONE_BUILD_EVENT",
    "CI_BUILD_LINK": "DRONE_BUILD_LINK",
    "CI_BUILD_NUMBER": "DRONE_BUILD_NUMBER",
    "CI_BUILD_TARGET": "DRONE_DEPLOY_TO",
    "CI_COMMIT_AUTHOR": "DRONE_COMMIT_AUTHOR",
    "CI_COMMIT_AUTHOR_EMAIL": "DRONE_COMMIT_AUTHOR_EMAIL",
    "CI_COMMIT_AUTHOR_NAME": "DRONE_COMMIT_AUTHOR_NAME",
    "CI_COMMIT_BRANCH": "DRONE_COMMIT_BRANCH",
    "CI_COMMIT_LINK": "DRONE_COMMIT_LINK",
    "CI_COMMIT_MESSAGE": "DRONE_COMMIT_MESSAGE",
    "CI_COMMIT_REF": "DRONE_COMMIT_REF",
    "CI_COMMIT_SHA": "DRONE_COMMIT_SHA",
    "CI_PULL_REQUEST": "DRONE_PULL_REQUEST",
    "CI_REMOTE_URL": "DRONE_REMOTE_URL",
    "CI_REPO": "DRONE_REPO",
    "CI_REPO_BRANCH": "DRONE_REPO_BRANCH",
    "CI_REPO_LINK": "DRONE_REPO_LINK",
    "CI_REPO_NAME": "DRONE_REPO_NAME",
    "CI_REPO_OWNER": "DRONE_REPO_OWNER",
    "CI_REPO_REMOTE": "DRONE_REMOTE_URL",
    "CI_REPO_SCM": "DRONE_REPO_SCM",
    "CI_SOURCE_BRANCH": "DRONE_SOURCE_BRANCH",
    "CI_SYSTEM_HOST": "DRONE_SYSTEM_HOST",
    "CI_TAG": "DRONE_TAG",
    "CI_TARGET_BRANCH": "DRONE_TARGET_BRANCH",
}


def event_of(checkout: Checkout, *, instance: str = "") -> Event:
    """Return the event that a commit was checked out for, as conditions see it.

    :param checkout: the commit.
    :param instance: the host name of this installation.
    """
    happened = checkout.cause
    return Event(
        name=happened.kind.value,
        branch=happened.branch,
        ref=happened.ref,
        repo="/".join(part for part in _slug(checkout) if part),
        target=happened.target,
        cron=happened.cron,
        action=happened.action,
        instance=instance,
        fork=happened.fork,
        number=happened.number,
        source=happened.source,
        title=happened.title,
    )


def build_variables(
    checkout: Checkout, event: Event, *, link: str = "", number: int | None = None
) -> dict[str, str]:
    """Return the variables that are the same for every step of a run.

    :param checkout: the commit.
    :param event: what made the build.
    :param link: URL of this run.
    :param number: of the build, which no other build of the project has; where there is none, as
        on somebody's own machine, that of the commits since the last release tag.
    """
    variables = {
        **_system(event),
        **_repository(checkout, event),
        **_commit(checkout, event),
        **_build(checkout, event, link, number),
        **_reference(checkout, event),
    }
    for name, current in _EARLIER.items():
        if current in variables:
            variables[name] = variables[current]
    return {name: value.replace("\0", "") for name, value in sorted(variables.items())}


def _system(event: Event) -> dict[str, str]:
    return {
        "CI": "true",
        "DRONE": "true",
        "DRONE_CARD_PATH": "/dev/stdout",
        "DRONE_SYSTEM_HOST": event.instance,
        "DRONE_SYSTEM_HOSTNAME": event.instance,
        "DRONE_SYSTEM_PROTO": "http",
        "DRONE_SYSTEM_VERSION": "2",
        "GIT_TERMINAL_PROMPT": "0",
    }


def _repository(checkout: Checkout, event: Event) -> dict[str, str]:
    namespace, name = _slug(checkout)
    url = checkout.repository
    is_web = url.startswith(("http://", "https://"))
    page = repository_page(url)
    return {
        "DRONE_GIT_HTTP_URL": url if is_web else "",
        "DRONE_GIT_SSH_URL": "" if is_web else url,
        "DRONE_REMOTE_URL": url,
        "DRONE_REPO": event.repo,
        "DRONE_REPO_BRANCH": checkout.delivered or checkout.branch,
        "DRONE_REPO_LINK": page,
        "DRONE_REPO_NAME": name,
        "DRONE_REPO_NAMESPACE": namespace,
        "DRONE_REPO_OWNER": namespace,
        "DRONE_REPO_PRIVATE": "true",
        "DRONE_REPO_SCM": "git",
        "DRONE_REPO_VISIBILITY": "private",
    }


def _commit(checkout: Checkout, event: Event) -> dict[str, str]:
    name, email = checkout.author_name, checkout.author_email
    sha, branch = checkout.release.sha, event.branch
    return {
        "DRONE_BRANCH": branch,
        "DRONE_COMMIT": sha,
        "DRONE_COMMIT_AFTER": sha,
        "DRONE_COMMIT_AUTHOR": name,
        "DRONE_COMMIT_AUTHOR_AVATAR": "",
        "DRONE_COMMIT_AUTHOR_EMAIL": email,
        "DRONE_COMMIT_AUTHOR_NAME": name,
        "DRONE_COMMIT_BEFORE": checkout.parent or "",
        "DRONE_COMMIT_BRANCH": branch,
        "DRONE_COMMIT_LINK": commit_page(checkout.repository, sha),
        "DRONE_COMMIT_MESSAGE": checkout.message[:_LONGEST_MESSAGE],
        "DRONE_COMMIT_REF": event.ref,
        "DRONE_COMMIT_SHA": sha,
        "DRONE_SOURCE_BRANCH": event.source or checkout.branch,
        "DRONE_TARGET_BRANCH": branch,
        "GIT_AUTHOR_EMAIL": email,
        "GIT_AUTHOR_NAME": name,
        "GIT_COMMITTER_EMAIL": email,
        "GIT_COMMITTER_NAME": name,
    }


def _build(checkout: Checkout, event: Event, link: str, number: int | None) -> dict[str, str]:
    count = _COUNT.search(checkout.release.version)
    since_tag = count[1] if count else "1"
    return {
        "DRONE_BUILD_ACTION": event.action,
        "DRONE_BUILD_CREATED": str(checkout.committed_at),
        "DRONE_BUILD_DEBUG": "false",
        "DRONE_BUILD_EVENT": event.name,
        "DRONE_BUILD_LINK": link,
        "DRONE_BUILD_NUMBER": since_tag if number is None else str(number),
        "DRONE_BUILD_PARENT": "0",
        "DRONE_BUILD_TRIGGER": "@cron" if event.cron else checkout.author_name,
        "DRONE_DEPLOY_ID": "0",
        "DRONE_DEPLOY_TO": event.target,
        # Ours: what the package will be called, and the time of all that is in it
        # (https://reproducible-builds.org/specs/source-date-epoch/).
        "SLIPWAY_VERSION": checkout.release.version,
        "SOURCE_DATE_EPOCH": str(checkout.committed_at),
    }


def _reference(checkout: Checkout, event: Event) -> dict[str, str]:
    """Return what a tag, a pull request or a schedule adds.

    A pull request that nobody announced, as on somebody's own machine, has its number in the ref,
    and its commit's subject for a title.
    """
    variables = {"DRONE_CRON": event.cron} if event.cron else {}
    if event.name == "pull_request" and (number := event.number or _number_in(event.ref)):
        title = event.title or checkout.message
        variables["DRONE_PULL_REQUEST"] = str(number)
        variables["DRONE_PULL_REQUEST_TITLE"] = title.partition("\n")[0][:_LONGEST_MESSAGE]
    if event.ref.startswith("refs/tags/"):
        tag = event.ref.removeprefix("refs/tags/")
        variables |= {"DRONE_TAG": tag, **_semver(tag), **_calver(tag)}
    return variables


def _number_in(ref: str) -> int:
    found = re.search(r"\d+", ref)
    return int(found[0]) if found else 0


def _semver(tag: str) -> dict[str, str]:
    match = _SEMVER.fullmatch(tag)
    if match is None:
        return {"DRONE_SEMVER_ERROR": f"{tag} is not a semantic version"}
    major, minor, patch, prerelease, build = match.groups()
    parts = {
        "DRONE_SEMVER": tag.removeprefix("v"),
        "DRONE_SEMVER_BUILD": build,
        "DRONE_SEMVER_MAJOR": major,
        "DRONE_SEMVER_MINOR": minor,
        "DRONE_SEMVER_PATCH": patch,
        "DRONE_SEMVER_PRERELEASE": prerelease,
        "DRONE_SEMVER_SHORT": f"{major}.{minor}.{patch}",
    }
    return {name: value for name, value in parts.items() if value is not None}


def _calver(tag: str) -> dict[str, str]:
    match = _CALVER.fullmatch(tag)
    if match is None or not (18 < int(match[1]) < 100 or 2018 < int(match[1]) < 9999):
        return {}
    major, minor, micro, modifier = match.groups()
    short = f"{major}.{minor}.{micro}" if micro else f"{major}.{minor}"
    parts = {
        "DRONE_CALVER": f"{short}-{modifier}" if modifier else short,
        "DRONE_CALVER_MAJOR": major,
        "DRONE_CALVER_MAJOR_MINOR": f"{major}.{minor}",
        "DRONE_CALVER_MICRO": micro or "",
        "DRONE_CALVER_MINOR": minor,
        "DRONE_CALVER_MODIFIER": modifier,
        "DRONE_CALVER_SHORT": short,
    }
    return {name: value for name, value in parts.items() if value is not None}


def _slug(checkout: Checkout) -> tuple[str, str]:
    """Return owner and name, from the repository's URL."""
    url = checkout.repository
    path = urlsplit(url).path if "://" in url else url.partition(":")[2]
    namespace, _, name = path.strip("/").removesuffix(".git").rpartition("/")
    return namespace, name or checkout.release.project
