"""Taking away what was made: by name, or by label.

Docker takes things away in the background and refuses what is still in use, so each removal
waits, within bounds, until the thing is really gone.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import docker
import docker.errors

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.errors import translated
from slipway.model.container import NoSuchThing

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

# Seconds. A removal that takes longer than this is stuck.
_PATIENCE = 30.0
# Likewise, of what is nobody's any more: each pipeline passes by it on its way.
_IN_PASSING = 2.0
_PAUSE = 0.1
# On what a task's try makes: until when it may be there, seconds since 1970; and whose it is.
UNTIL = "slipway.until"
_TASK = ("slipway.installation", "slipway.run", "slipway.dag", "slipway.task")
# Docker's words for "not now": a removal is in progress, or something still uses it.
_BUSY = (409, 403, 500)


def remove_container(client: docker.APIClient, container: str, patience: float = _PATIENCE) -> None:
    """Remove a container, running or not, with its anonymous volumes; gone already is fine."""
    _until_gone(
        f"remove container {container}",
        partial(client.remove_container, container, v=True, force=True),
        patience,
    )


def remove_labelled(
    client: docker.APIClient,
    labels: Mapping[str, str],
    grace: float,
    patience: float = _PATIENCE,
) -> int:
    """Remove the containers, networks and volumes that carry all these labels, in that order.

    :param client: of the Docker engine.
    :param labels: all of which a thing must carry.
    :param grace: seconds that running containers get to end by themselves.
    :param patience: seconds for each removal, after which it is stuck.
    :returns: how many things were removed.
    """
    wanted = {"label": [f"{key}={value}" for key, value in labels.items()]}
    with translated("list what is labelled"):
        containers = client.containers(all=True, filters=wanted)
        networks = client.networks(filters=wanted)
        volumes = client.volumes(filters=wanted)["Volumes"] or []
    removals: list[Callable[[], None]] = [
        partial(_end_and_remove, client, item["Id"], item["State"] == "running", grace, patience)
        for item in containers
    ]
    if removals:
        with ThreadPoolExecutor(max_workers=min(8, len(removals))) as pool:
            for removal in [pool.submit(call) for call in removals]:
                removal.result()
    for network in networks:
        doing = f"remove network {network['Name']}"
        _until_gone(doing, partial(client.remove_network, network["Id"]), patience)
    for volume in volumes:
        doing = f"remove volume {volume['Name']}"
        _until_gone(doing, partial(client.remove_volume, volume["Name"], force=True), patience)
    return len(containers) + len(networks) + len(volumes)


def remove_overdue(client: docker.APIClient, installation: str, now: float) -> int:
    """Remove what tasks left whose worker died, and whose next try ran beside another engine.

    :param client: of the Docker engine.
    :param installation: whose.
    :param now: seconds since 1970.
    :returns: how many things were removed.
    """
    wanted = {"label": [f"{_TASK[0]}={installation}", UNTIL]}
    with translated("list what is overdue"):
        found = client.containers(all=True, filters=wanted)
    tasks = {
        tuple(one["Labels"][name] for name in _TASK)
        for one in found
        if _is_over(one["Labels"], now) and all(name in one["Labels"] for name in _TASK)
    }
    until = time.monotonic() + _IN_PASSING
    removed, stuck = 0, None
    for task in tasks:
        left = max(0.0, until - time.monotonic())
        try:
            removed += remove_labelled(client, dict(zip(_TASK, task, strict=True)), 0.0, left)
        except ContainerEngineError as error:
            stuck = error  # it keeps none of the others
    if stuck is not None and not removed:
        raise stuck
    return removed


def _is_over(labels: Mapping[str, str], now: float) -> bool:
    until = labels.get(UNTIL, "")
    return until.isdigit() and int(until) < now


def _end_and_remove(
    client: docker.APIClient, container: str, running: bool, grace: float, patience: float
) -> None:
    if running and grace > 0:
        _until_gone("stop a container", partial(client.stop, container, timeout=round(grace)))
    remove_container(client, container, patience)


def _until_gone(doing: str, call: Callable[[], object], patience: float = _PATIENCE) -> None:
    """Repeat a call while the engine is busy with the thing, until it is done or gone."""
    deadline = time.monotonic() + patience
    while True:
        try:
            with translated(doing):
                call()
        except NoSuchThing:
            return
        except ContainerEngineError as error:
            cause = error.__cause__
            busy = isinstance(cause, docker.errors.APIError) and cause.status_code in _BUSY
            if not busy or time.monotonic() > deadline:
                raise
            time.sleep(_PAUSE)
        else:
            return
