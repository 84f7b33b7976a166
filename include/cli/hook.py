"""``fab hook PROJECT``: makes a project's webhook at its git host, or puts it right.

The host is given the secret that is valid, which is printed nowhere.
"""

from __future__ import annotations

import argparse
import sys
import time
from http import HTTPStatus
from typing import TextIO
from urllib.parse import urlsplit

from airflow.sdk.configuration import conf

from include.cli.beside_airflow import beside_airflow
from include.project.loader import load_projects
from include.project.lookup import find_project
from include.project.model import Project
from slipway.exceptions import ForgeRefused, ProjectFileError, SlipwayError
from slipway.hooks.forge.hooks.base import HOOKS_PATH
from slipway.hooks.forge.hooks.deliveries import deliveries_page
from slipway.hooks.forge.hooks.open import KINDS, open_hooks
from slipway.hooks.forge.hooks.repair import Repaired, repair
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import last_hook
from slipway.hooks.webhook_secret import webhook_secrets
from slipway.hooks.webhook_trial import try_webhook
from slipway.model.forge.place import PUBLIC_HOSTS, ForgeKind, ForgePlace
from slipway.model.text.inert import visible

_HERE = ("localhost", "127.0.0.1", "::1", "0.0.0.0")  # noqa: S104 - compared, not bound

# Seconds until Airflow has read a project file that was just written, and between two looks.
_READ, _PAUSE = 60.0, 2.0


def make_hook(project: Project, place: ForgePlace, address: str, out: TextIO) -> None:
    """Make the hook, or put it right, and say what was done.

    :param project: whose.
    :param place: the repository at its host.
    :param address: of Airflow's server, as the host reaches it.
    :param out: where it is written.
    :raises SlipwayError: when something is missing, or the host does not take it.
    """
    repository = project.repository
    if repository.webhook is None:
        msg = f"the project file of {project.name} names no connection with a webhook's secret"
        advice = f"add `repository: {{webhook: {project.name.replace('-', '_')}_webhook}}`"
        raise ProjectFileError(msg, advice=advice)
    secret = webhook_secrets(repository.webhook)[0].decode()
    url = _url(project.name, place, address)
    hooks = open_hooks(place, secret=secret)
    done = repair(hooks, project=project.name, url=url, secret=secret)
    out.writelines(f"{line}\n" for line in _lines(project.name, place, url, done))
    out.flush()
    out.write(f"  {_tried(url, secret)}\n")


def _tried(url: str, secret: str) -> str:
    """Say whether Airflow's server takes what the host will send.

    A host that is refused a few times sends no more for a while, so it had better be known here.
    """
    deadline = time.monotonic() + _READ
    while (answer := try_webhook(url, secret)) == HTTPStatus.UNAUTHORIZED:
        if time.monotonic() > deadline:
            return (
                "Airflow's server refuses its hooks: it has not read this project file, or its DAG "
                "cannot be read (`fab check`, and the top of Airflow's UI)"
            )
        time.sleep(_PAUSE)
    if answer is None:
        return "Airflow's server cannot be asked from here whether it takes hooks; a push will show"
    if answer != HTTPStatus.OK:
        return f"a test was answered {answer}: is that address Airflow's server?"
    return "Airflow's server takes its hooks"


def _url(project: str, place: ForgePlace, address: str) -> str:
    """Return where the host is to send hooks.

    :raises ForgeRefused: when it cannot reach that, or must not send the secret there.
    """
    parts = urlsplit(address)
    is_here = (parts.hostname or "") in _HERE
    if parts.scheme not in ("http", "https") or not parts.hostname:
        msg = f"{address!r} is no address of Airflow's server"
        raise ForgeRefused(msg, advice="give --url, such as https://airflow.example.com")
    if is_here and urlsplit(place.server).hostname not in _HERE:
        msg = f"{place.server} cannot reach Airflow's server at {address}"
        advice = "set [api] base_url, or give --url, such as https://airflow.example.com"
        raise ForgeRefused(msg, advice=advice)
    if place.kind is ForgeKind.GITLAB and parts.scheme == "http" and not is_here:
        msg = "GitLab sends the secret along as it is, and so must not send it unencrypted"
        raise ForgeRefused(msg, advice="give --url with https://")
    return f"{address.rstrip('/')}{HOOKS_PATH}/{project}"


def _lines(project: str, place: ForgePlace, url: str, done: Repaired) -> list[str]:
    lines = [f"{project}: {_host(place)}, {place.path}"]
    if done.made:
        lines.append(f"  made a webhook to {url}")
    elif done.wrong:
        lines.append(f"  put right the webhook to {url}:")
        lines += [f"    {visible(one)}" for one in done.wrong]
    else:
        lines.append(f"  the webhook to {url} is as it should be, and has the valid secret")
    lines += [f"  another one sends to {visible(one)}: remove it there" for one in done.others]
    hook = last_hook(artifact_store(), project)
    came = f"{hook.at:%Y-%m-%d %H:%M:%S} UTC, from {visible(hook.host)}" if hook else "never"
    lines.append(f"  a hook last came: {came}")
    if done.sent is None:
        page = deliveries_page(place)
        lines.append(f"  the host's own page says what its deliveries were answered: {page}")
    elif done.sent:
        lines.append("  its last deliveries:")
        lines += [
            f"    {visible(one.at, 40):20}  {visible(one.event, 40):20}  {visible(one.answer, 80)}"
            for one in done.sent
        ]
    elif not done.made:
        lines.append("  it has delivered nothing yet")
    return lines


def _host(place: ForgePlace) -> str:
    """Name the host, with its address unless everybody knows it."""
    kind = KINDS[place.kind][0]
    if any(place.server == server for _, server in PUBLIC_HOSTS.values()):
        return kind
    return f"{kind} at {urlsplit(place.server).netloc}"


def _place(project: Project) -> ForgePlace:
    """Find the repository at its host.

    :raises ProjectFileError: when the project file does not say enough.
    """
    advice = "or make the hook by hand, as docs/webhooks.md says"
    if project.repository.forge_connection is None and project.repository.connection is None:
        msg = (
            f"{project.name}: the project file names no connection with a token for the host; add "
            "`repository: {connection: ...}`, or `forge_connection` for its REST API alone"
        )
        raise ProjectFileError(msg, advice=advice)
    try:
        return project.repository.forge_place()
    except ValueError as error:
        msg = f"{project.name}: {error}"
        raise ProjectFileError(msg, advice=advice) from error


def main(arguments: list[str] | None = None) -> int:
    """Make it; returns 2 where something is wrong with what was asked, or with what is there."""
    parser = argparse.ArgumentParser(prog="python -m include.cli.hook")
    parser.add_argument("project")
    parser.add_argument("--url", default="", help="Airflow's, as the host reaches it")
    given = parser.parse_args(arguments)
    try:
        shelf = load_projects()
        project = find_project(shelf.projects, given.project, shelf.errors.values())
        address = given.url or conf.get("api", "base_url", fallback="") or ""
        make_hook(project, _place(project), address, sys.stdout)
    except SlipwayError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    raise SystemExit(beside_airflow(main))
