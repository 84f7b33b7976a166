"""Keeps the containers of untrusted projects from the cloud's metadata service.

Whoever reaches 169.254.169.254 from a worker in a cloud can ask for the worker's own credentials
(AWS: "Retrieve instance metadata", also 169.254.170.2 for containers' roles). Docker lets
containers reach whatever their host reaches. So the networks of untrusted pipelines have
interfaces of a name of their own, and one small container beside the engine keeps rules for that
name, for as long as it runs: in ``DOCKER-USER``, the chain that Docker leaves to its
administrators, and in ``INPUT``, since the host itself may answer for an address, as the agent of
ECS does. Where a packet was sent before it was redirected, the kernel's connection tracking knows.
"""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError
from slipway.model.container import ContainerSpec, Limits, NoSuchThing, Security

if TYPE_CHECKING:
    from slipway.hooks.docker.port import EnginePort

# One that has iptables.
IMAGE = "slipway/toolbox:1"
KIND = "metadata-guard"
LINK_LOCAL = "169.254.0.0/16"
# Seconds until the rule stands, and bytes that the shell may take.
_PATIENCE, _MEMORY = 20.0, 64 << 20
READY = "the rule stands"
# Whichever of the kernel's two tables Docker uses has the chain; the other tool knows none.
SCRIPT = f"""
for tool in iptables-nft iptables-legacy; do
  "$tool" -w 5 -n -L DOCKER-USER > /dev/null 2>&1 && break
done
from="-i $INTERFACES"
asked="-m conntrack --ctorigdst {LINK_LOCAL}"
each() {{
  "$@" DOCKER-USER $from -d {LINK_LOCAL} -j REJECT &&
    "$@" DOCKER-USER $from $asked -j REJECT &&
    "$@" INPUT $from $asked -j REJECT
}}
keep() {{ "$tool" -w 5 -C "$@" 2> /dev/null || "$tool" -w 5 -I "$@"; }}
drop() {{ "$tool" -w 5 -D "$@" || :; }}
trap 'each drop; exit 0' TERM
while :; do
  each keep || exit 1
  [ -n "${{said:-}}" ] || echo "{READY}"
  said=yes
  sleep 5 & wait $!
done
"""
# A guard of before an upgrade keeps other rules: it does not pass for this one.
_EDITION = hashlib.sha256(SCRIPT.encode()).hexdigest()[:7]


def interface_prefix(installation: str) -> str:
    """Return how the interfaces of guarded networks begin; Linux takes 15 characters in all."""
    return f"slp{hashlib.sha256(installation.encode()).hexdigest()[:4]}-"


def network_options(engine: EnginePort, network: str) -> dict[str, str]:
    """Make sure that the rule stands, and return what puts a network under it.

    :raises ContainerEngineError: as :func:`ensure_guard` does.
    """
    ensure_guard(engine)
    digest = hashlib.sha256(network.encode()).hexdigest()[:7]
    return {"com.docker.network.bridge.name": interface_prefix(engine.installation) + digest}


def ensure_guard(engine: EnginePort) -> None:
    """Make sure that the rule stands; a moment where it does already.

    :raises ImageUnavailable: when the toolbox is missing.
    :raises ContainerEngineError: when the rule cannot be made: the pipeline must not run then.
    """
    name = f"slipway-metadata-guard-{engine.installation}-{_EDITION}"
    deadline = time.monotonic() + _PATIENCE
    while not _stands(engine, name):
        if time.monotonic() > deadline:
            msg = f"it is not there after {_PATIENCE:.0f} s"
            raise _failure(msg)
        time.sleep(0.05)


def _stands(engine: EnginePort, name: str) -> bool:
    try:
        state = engine.state(name)
    except NoSuchThing:
        _start(engine, name)
        return False
    lines = list(engine.logs(name, follow=False))
    if not state.running and state.exit_code is not None:
        if READY in lines:
            # It was stopped, or the engine was: that guard's time is over.
            engine.remove(name)
            return False
        engine.remove(name)
        raise _failure("; ".join(lines[-3:]) or f"exit code {state.exit_code}")
    return state.running and READY in lines


def _start(engine: EnginePort, name: str) -> None:
    image = engine.ensure_image(IMAGE).id
    spec = ContainerSpec(
        name=name,
        image=image,
        entrypoint=("sh", "-c"),
        argv=(SCRIPT,),
        environment={"INTERFACES": interface_prefix(engine.installation) + "+"},
        network="host",
        labels={"slipway.kind": KIND},
        limits=Limits(memory=_MEMORY, pids=32),
        security=Security(drop=("ALL",), add=("NET_ADMIN", "NET_RAW"), no_new_privileges=True),
        read_only=True,
        tmpfs={"/run": "size=1m"},
    )
    try:
        engine.start(engine.create(spec))
    except NoSuchThing:
        return  # somebody else makes one at this moment, and took this one for a leftover


def _failure(why: str) -> ContainerEngineError:
    msg = f"untrusted pipelines cannot be kept from the cloud's metadata service: {why}"
    advice = "let Docker keep its iptables rules, or set [slipway] metadata_guard = False where "
    return ContainerEngineError(msg, advice=advice + "there is no such service")
