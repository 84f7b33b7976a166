"""Reads from moto what the balancer has to do; everything here holds the lock."""

from __future__ import annotations

import dataclasses
from typing import Any

from include.localcloud.balancer.classic_health import ClassicTargets, classic_targets
from include.localcloud.balancer.config import Listener, Pool
from include.localcloud.balancer.words import Word, checked
from include.localcloud.compute.instance_life import Life, life
from include.localcloud.state import CloudState

_DELAY = "deregistration_delay.timeout_seconds"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """Where a registered instance takes requests."""

    address: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what would be more than an address, in the configuration or to HAProxy's socket.

        :raises Unwritable: then.
        """
        checked(Word.ADDRESS, self.address)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """A target group, or a classic balancer, with what is registered and running.

    :param arn: AWS's.
    :param pool: HAProxy's part for it.
    :param delay: seconds that a target which leaves may still finish requests.
    :param targets: by instance id.
    :param present: every running instance; whoever is gone needs no draining.
    """

    arn: str
    pool: Pool
    delay: float
    targets: dict[str, Target]
    present: frozenset[str]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """Everything the balancer should do."""

    listeners: tuple[Listener, ...]
    groups: tuple[Group, ...]


def read_wanted(state: CloudState) -> Wanted:
    """Return what moto's load balancers ask for."""
    with state.lock:
        running = {one.id: one for one in state.instances() if life(one) is Life.RUNNING}
        groups = tuple(_group(one, running) for one in state.elbv2.target_groups.values())
        classic = [_classic(one, running) for one in classic_targets(state.elb)]
        names = {group.arn: group.pool.name for group in groups}
        # All balancers share 127.0.0.1: whoever had a port first keeps it.
        listeners: dict[int, Listener] = {}
        for balancer in state.elbv2.load_balancers.values():
            for one in balancer.listeners.values():
                listeners.setdefault(int(one.port), _listener(one, names))
        for group, ports in classic:
            for port in ports:
                pools = ((group.pool.name, 1),)
                listeners.setdefault(port, Listener(port=port, pools=pools))
    every = (*groups, *(group for group, _ in classic))
    return Wanted(listeners=tuple(listeners.values()), groups=every)


def _group(group: Any, running: dict[str, Any]) -> Group:
    check_port = str(group.health_check_port)
    pool = Pool(
        name=f"group_{group.arn.rsplit('/', 1)[-1]}",
        path=group.health_check_path or "/",
        check_port=int(check_port) if check_port.isdigit() else None,
        interval=float(group.health_check_interval_seconds),
        timeout=float(group.health_check_timeout_seconds),
        rise=int(group.healthy_threshold_count),
        fall=int(group.unhealthy_threshold_count),
        codes=str((group.matcher or {}).get("HttpCode", "200")),
        fails_open=True,
    )
    targets = {
        name: Target(address=running[name].private_ip, port=int(entry["Port"]))
        for name, entry in group.targets.items()
        if name in running
    }
    return Group(
        arn=group.arn,
        pool=pool,
        delay=float(group.attributes[_DELAY]),
        targets=targets,
        present=frozenset(running),
    )


def _classic(one: ClassicTargets, running: dict[str, Any]) -> tuple[Group, list[int]]:
    """Return a classic balancer's group and its ports.

    All of its listeners lead to one port of the machines: nothing here needs another.
    """
    balancer = one.balancer
    port = int(balancer.listeners[0].instance_port)
    targets = {
        name: Target(address=running[name].private_ip, port=port)
        for name in one.targets
        if name in running
    }
    group = Group(
        arn=one.arn,
        pool=_classic_pool(balancer, port),
        delay=_classic_delay(balancer),
        targets=targets,
        present=frozenset(running),
    )
    return group, [int(listener.load_balancer_port) for listener in balancer.listeners]


def _classic_pool(balancer: Any, port: int) -> Pool:
    check = balancer.health_check
    # Such as "HTTP:8000/healthz" or "TCP:22"; without a word, AWS asks like this.
    target = check.target if check else f"TCP:{port}"
    kind, _, place = target.partition(":")
    asked, slash, path = place.partition("/")
    return Pool(
        name=f"classic_{balancer.name}",
        path=slash + path if kind.startswith("HTTP") else "",
        check_port=int(asked),
        interval=float(check.interval if check else 30),
        timeout=float(check.timeout if check else 5),
        rise=int(check.healthy_threshold if check else 10),
        fall=int(check.unhealthy_threshold if check else 2),
        codes="200",
    )


def _classic_delay(balancer: Any) -> float:
    # moto keeps what it was sent, beside its own default in lower case.
    draining = balancer.attributes["connection_draining"]
    if str(draining.get("Enabled", False)).lower() != "true":
        return 0.0
    return float(draining.get("Timeout", draining.get("timeout")))


def _listener(listener: Any, names: dict[str, str]) -> Listener:
    shares: list[tuple[str, int]] = []
    for action in listener.default_actions:
        data = action.data
        if str(data.get("Type", "")).lower() != "forward":
            continue
        several = data.get("ForwardConfig", {}).get("TargetGroups") or []
        if not several and "TargetGroupArn" in data:
            several = [{"TargetGroupArn": data["TargetGroupArn"]}]
        shares += [
            (names[one["TargetGroupArn"]], int(one.get("Weight", 1)))
            for one in several
            if one["TargetGroupArn"] in names
        ]
    return Listener(port=int(listener.port), pools=tuple(shares))
