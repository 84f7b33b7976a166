"""A project's repository and its webhook, and the worker's own tools."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlsplit

from airflow.sdk.configuration import conf

from include.delivery.doctor.finding import Checked, State
from include.project.model import Project
from slipway.hooks.docker.connection import container_engine
from slipway.hooks.forge.hooks.base import HOOKS_PATH
from slipway.hooks.forge.hooks.open import open_hooks
from slipway.hooks.git.connection import git_mirror
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.notes.hooks import last_hook
from slipway.hooks.tools.toolbox import IMAGE
from slipway.hooks.webhook_secret import webhook_secrets
from slipway.model.text.inert import visible


def repository(project: Project) -> Iterator[Checked]:
    """Ask the repository for its delivered branch.

    :param project: whose repository.
    :raises SlipwayError: when it does not answer.
    """
    source = project.repository
    sha = git_mirror(source.url, source.connection).head(source.branch)
    if sha is None:
        yield Checked(
            area="repository",
            what=f"branch {source.branch}",
            state=State.WRONG,
            words="the repository has none of that name",
            cure="push it, or correct `repository: {branch: ...}`"
            + ("; databases are looked at after that" if project.migrations else ""),
        )
        return
    yield Checked(area="repository", what=f"branch {source.branch}", words=f"at {sha[:12]}")


def webhook(project: Project) -> Iterator[Checked]:
    """Look for the webhook at the host; nothing is made or mended there.

    :param project: whose hook.
    :raises SlipwayError: when the host, or its connection, does not answer.
    """
    source = project.repository
    if source.webhook is None:
        yield Checked(area="hook", what="webhook", words="none: commits are found by asking")
        return
    webhook_secrets(source.webhook)
    if source.forge_connection is None and source.connection is None:
        yield _unasked("no connection has a token for the host's REST API")
        return
    address = (conf.get("api", "base_url", fallback="") or "").rstrip("/")
    url, found = f"{address}{HOOKS_PATH}/{project.name}", open_hooks(source.forge_place())
    path = urlsplit(url).path
    ours = [one for one in found.installed() if urlsplit(one.url).path.rstrip("/") == path]
    cure = f"`fab hook {project.name}` puts it right"
    trouble = "" if ours else "the host has none that sends here"
    if ours and not ours[0].active:
        trouble = "it is switched off at the host"
    elif ours and (missing := sorted(found.events - ours[0].events)):
        trouble = f"it does not tell of {', '.join(missing)}"
    elif ours and ours[0].problem:
        trouble = visible(ours[0].problem)
    if trouble:
        yield Checked(area="hook", what="webhook", state=State.WRONG, words=trouble, cure=cure)
        return
    hook = last_hook(artifact_store(), project.name)
    words = f"last came {hook.at:%Y-%m-%d %H:%M} UTC" if hook else "has never come yet"
    yield Checked(area="hook", what="webhook", words=words)


def worker(_: Project) -> Iterator[Checked]:
    """Look for the container engine of this worker, and for the image of Slipway's tools.

    :raises SlipwayError: when one of them is not there.
    """
    found = container_engine().ensure_image(IMAGE)
    yield Checked(area="images", what=IMAGE, words=f"is {found.id[:19]}")


def _unasked(why: str) -> Checked:
    return Checked(area="hook", what="webhook", state=State.UNASKED, words=why)
