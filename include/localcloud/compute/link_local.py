"""Keeps the machines from what this host reaches at link-local addresses.

On a virtual machine of a cloud that is the metadata service, where the host's own credentials are
to be had. A machine here reaches what its host reaches, so the VPC's bridge has a name of its own
and a rule against it, as the networks of untrusted pipelines do.
"""

from __future__ import annotations

import logging
import time

from docker.errors import DockerException

from include.localcloud.engine import GUARD_KIND, Engine
from slipway.hooks.docker.metadata_guard import IMAGE, READY, SCRIPT, interface_prefix

log = logging.getLogger(__name__)
# Seconds.
_PATIENCE = 20.0


def bridge_name(installation: str) -> str:
    """Return the name of the VPC's interface on this host."""
    return f"{interface_prefix(installation)}vpc"


def keep_from_link_local(engine: Engine) -> None:
    """Start the container that keeps the rule; say so in the log where there can be none."""
    try:
        problem = _start(engine)
    except DockerException as error:
        problem = str(error)
    if problem:
        log.warning("machines reach this host's link-local addresses: %s", problem)


def _start(engine: Engine) -> str:
    """Return why there is no rule, or nothing."""
    guard = engine.create(
        f"slipway-cloud-{engine.installation}-guard",
        IMAGE,
        kind=GUARD_KIND,
        entrypoint=["sh", "-c"],
        command=[SCRIPT],
        environment={"INTERFACES": bridge_name(engine.installation)},
        host={
            "network_mode": "host",
            "cap_drop": ["ALL"],
            "cap_add": ["NET_ADMIN", "NET_RAW"],
            "security_opt": ["no-new-privileges"],
            "read_only": True,
            "tmpfs": {"/run": "size=1m"},
            "mem_limit": "64m",
            "pids_limit": 32,
        },
    )
    engine.api.start(guard)
    deadline = time.monotonic() + _PATIENCE
    said = ""
    while time.monotonic() < deadline:
        ended = not engine.api.inspect_container(guard)["State"]["Running"]
        said = engine.api.logs(guard, tail=3).decode("utf-8", "replace").strip()
        if READY in said:
            return ""
        if ended:
            break
        time.sleep(0.05)
    return said or f"no rule after {_PATIENCE:.0f} s"
