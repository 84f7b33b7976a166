"""Addresses that are made of parts, each of which is known to be what it should be.

What a task returned may have been edited, and a repository's names are a stranger's. So an address
begins with a host out of settings or a project file, and what follows has only characters that end
nothing. What is not fit makes no address: an empty one, which Airflow shows as no link.
"""

from __future__ import annotations

import re
from urllib.parse import quote, urlencode, urlsplit

from airflow.sdk.configuration import conf

from slipway.model.target import DeployTarget
from slipway.pipeline.compiler.forge_pages import commit_page

# AWS's own; China and GovCloud have others.
CONSOLE = "https://console.aws.amazon.com"
# Where Airflow's server mounts the board (:mod:`slipway.plugin`).
BOARD = "/slipway/board"
_SHA = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_AMI = re.compile(r"ami-[0-9a-f]{8,17}")
_REGION = re.compile(r"[a-z]{2,3}(?:-[a-z]+)+-[0-9]{1,2}")
# Names of balancers, target groups and server groups.
_NAME = re.compile(r"[\w.+-]{1,255}", re.ASCII)
# Nothing that ends an address, a link in Markdown, or a line.
_ADDRESS = re.compile(r"https://[\w.-]+(?::[0-9]{1,5})?(?:/[\w.~%+-]*)*", re.ASCII)
_NOWHERE = frozenset({"", ".", ".."})


def commit(repository: str, sha: str) -> str:
    """Return the page of a commit at its host; empty where there is none over https.

    :param repository: the URL that the project file gives.
    :param sha: the commit, in full.
    """
    if not _SHA.fullmatch(sha):
        return ""
    page = commit_page(repository, sha)
    return page if _ADDRESS.fullmatch(page) else ""


def environment(project: str, environment: str) -> str:
    """Return an environment's page on the board."""
    return _board("e", project, environment)


def release(project: str, version: str) -> str:
    """Return a release's page on the board."""
    return _board("r", project, version)


def machine_image(region: str, image_id: str) -> str:
    """Return the page of a machine image in the cloud's console."""
    return _console(region, "ImageDetails:imageId=", image_id) if _AMI.fullmatch(image_id) else ""


def server_group(region: str, name: str) -> str:
    """Return the page of a server group in the cloud's console."""
    found = _console(region, "AutoScalingGroupDetails:id=", name)
    return f"{found};view=details" if found else ""


def balancer(target: DeployTarget) -> str:
    """Return the page of an environment's balancer in the cloud's console."""
    if target.target_group:
        return _console(target.region, "TargetGroups:search=", target.target_group)
    return _console(target.region, "LoadBalancers:search=", target.load_balancer or "")


def _board(*parts: str) -> str:
    if not all(isinstance(one, str) and one not in _NOWHERE for one in parts):
        return ""
    path = "/".join(quote(one, safe="") for one in parts)
    return f"{_top()}{BOARD}/{path}"


def _top() -> str:
    """Return the path below which Airflow's server is; empty where that is the top."""
    path = urlsplit(conf.get("api", "base_url", fallback="") or "").path.rstrip("/")
    return path if _ADDRESS.fullmatch(f"https://top{path}") else ""


def _console(region: str, page: str, name: str) -> str:
    where = (conf.get("slipway", "aws_console", fallback=CONSOLE) or "").rstrip("/")
    fit = _ADDRESS.fullmatch(where) and _REGION.fullmatch(region) and _NAME.fullmatch(name)
    return f"{where}/ec2/home?{urlencode({'region': region})}#{page}{quote(name)}" if fit else ""
