"""The pages of a repository and a commit on the forges that people use, from the clone URL."""

from __future__ import annotations

import re

# `user@host:path`, as ssh takes it.
_SCP = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)(.+)")
_URL = re.compile(r"(https?|ssh)://(?:[^@/]+@)?([^/]+)/(.+)")
# Bitbucket Server: where it is cloned from, and the page of it.
_SERVER = re.compile(r"(https?://.+?)/scm/(~?)([^/]+)/([^/]+)")


def repository_page(url: str) -> str:
    """Return the page of a repository; empty where its URL leads to none.

    :param url: https, ssh or as ssh takes it, without a login.
    """
    if match := _URL.fullmatch(url):
        scheme, host, path = match.groups()
        if scheme == "ssh":
            scheme, host = "https", host.partition(":")[0]
    elif "://" not in url and (match := _SCP.fullmatch(url)):
        scheme, (host, path) = "https", match.groups()
    else:
        return ""
    page = f"{scheme}://{host}/{path.strip('/').removesuffix('.git')}"
    if server := _SERVER.fullmatch(page):
        base, person, project, name = server.groups()
        kind = "users" if person else "projects"
        return f"{base}/{kind}/{project}/repos/{name}"
    return page


def commit_page(url: str, sha: str) -> str:
    """Return the page of a commit; empty where the repository's URL leads to none.

    :param url: of the repository.
    :param sha: of the commit.
    """
    page = repository_page(url)
    if not page:
        return ""
    host = page.split("/")[2]
    if "bitbucket" in host or "/repos/" in page:
        return f"{page}/commits/{sha}"
    return f"{page}/-/commit/{sha}" if "gitlab" in host else f"{page}/commit/{sha}"
