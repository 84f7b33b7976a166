"""HAProxy's configuration, written from moto's load balancers. Pure: facts in, text out."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Iterable, Mapping
from typing import TypeAlias

from include.localcloud.balancer.words import Word, checked

SLOTS = 16
# Pool and slot -> address and port.
Seats: TypeAlias = Mapping[tuple[str, str], tuple[str, int]]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Pool:
    """A target group or a classic balancer: a backend with empty slots for its targets.

    :param name: name of the backend.
    :param path: that is asked; empty where a connection is enough.
    :param check_port: port to check, or ``None`` for the port of the traffic.
    :param interval: seconds between two checks.
    :param timeout: seconds a check may take.
    :param rise: passed checks that make an unhealthy target healthy.
    :param fall: failed checks that make a healthy target unhealthy.
    :param codes: status codes of a passed check, such as ``200-299,301``.
    :param fails_open: where no target is healthy, each gets requests, as in AWS's target groups; a
        classic balancer answers 503 then.
    """

    name: str
    path: str
    check_port: int | None
    interval: float
    timeout: float
    rise: int
    fall: int
    codes: str
    fails_open: bool = False

    def __post_init__(self) -> None:
        """Refuse what would be more than a word of the configuration.

        :raises Unwritable: then.
        """
        for kind, text in (
            (Word.POOL, self.name),
            (Word.PATH, self.path),
            (Word.CODES, self.codes),
        ):
            if text or kind is not Word.PATH:
                checked(kind, text)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Listener:
    """A port, and the pools behind it with their weights."""

    port: int
    pools: tuple[tuple[str, int], ...]


_HEAD = """\
global
    maxconn 4000
    # One thread: what is asked of a slot happens between requests, never during one.
    nbthread 1
    hard-stop-after 60s
    stats socket /cloud/admin.sock mode 600 level admin expose-fd listeners
    server-state-file /configuration/servers.state
defaults
    mode http
    load-server-state-from-file global
    timeout connect 1s
    timeout client 60s
    timeout server 60s
    timeout http-request 30s
    retries 3
    option redispatch 1
    option forwardfor
    balance roundrobin
# A configuration needs something to listen to, even before the first listener.
frontend idle
    bind unix@/cloud/idle.sock mode 600
"""


# A browser gives a host's cookies to all its ports, and its pages the same. So an application has
# none but this name here, and the Airflow beside it any but this one: no page of one is ever a page
# of the other's host. A name that was made to resolve to this machine is none either.
HOST = "127.0.0.1"
_ONLY_THIS_NAME = (
    "    http-request return status 421 content-type text/plain string "
    f'"Ask for this port of http://{HOST}: a login of localhost, as of Airflow, is not for it.\\n" '
    r"unless { req.fhdr(Host) -m reg ^127\.0\.0\.1(:[0-9]+)?$ }"
)
# Should a login be there all the same, an application does not get it. Each cookie of that name
# loses it: an application may set more of them, to stand before the real one.
_NOT_THE_LOGIN = (
    r"""    http-request set-header Cookie "%[req.fhdr(Cookie),"""
    r"""regsub('(^|; *)_token=[^;]*','\\1__gone=',g)]" if { req.fhdr(Cookie) -m found }"""
)


def render(listeners: Iterable[Listener], pools: Iterable[Pool], seats: Seats | None = None) -> str:
    """Return the configuration: listeners on 127.0.0.1, and a backend for each pool.

    :param listeners: each on its port.
    :param pools: what the listeners lead to.
    :param seats: who sits in which slot now. A new worker takes a slot's state from the old one,
        but never its address, so that has to stand here.
    """
    known = sorted(pools, key=lambda one: one.name)
    opened = {one.name for one in known if one.fails_open}
    parts = [_HEAD]
    parts += [_frontend(one, opened) for one in sorted(listeners, key=lambda one: one.port)]
    parts += [_backend(one, seats or {}) for one in known]
    return "".join(parts)


def slot(number: int) -> str:
    """Return the name of a slot; the first is number 1."""
    return f"slot{number}"


def whole(pool: str) -> str:
    """Return the backend that has a pool's targets in the same slots, healthy or not."""
    return f"{pool}.all"


def _frontend(listener: Listener, opened: Collection[str]) -> str:
    lines = [
        f"frontend port_{listener.port}",
        f"    bind {HOST}:{listener.port}",
        _ONLY_THIS_NAME,
        _NOT_THE_LOGIN,
    ]
    shares = [(name, weight) for name, weight in listener.pools if weight > 0]
    left = sum(weight for _, weight in shares)
    for name, weight in shares[:-1]:
        # Each share is drawn from what the ones before have left.
        drawn, shut = f"{{ rand({left}) lt {weight} }}", f"{{ nbsrv({name}) eq 0 }}"
        if name in opened:
            # The first condition that is false ends a line, so a share is drawn once.
            lines.append(f"    use_backend {whole(name)} if {shut} {drawn}")
            lines.append(f"    use_backend {name} if !{shut} {drawn}")
        else:
            lines.append(f"    use_backend {name} if {drawn}")
        left -= weight
    if shares:
        name = shares[-1][0]
        if name in opened:
            lines.append(f"    use_backend {whole(name)} if {{ nbsrv({name}) eq 0 }}")
        lines.append(f"    default_backend {name}")
    else:
        lines.append("    http-request return status 503")
    return "\n".join(lines) + "\n"


def _backend(pool: Pool, seats: Seats) -> str:
    port = f" port {pool.check_port}" if pool.check_port else ""
    lines = [
        f"backend {pool.name}",
        *_question(pool),
        f"    timeout check {_ms(pool.timeout)}",
        f"    default-server check{port} inter {_ms(pool.interval)}"
        f" rise {pool.rise} fall {pool.fall}",
    ]
    servers = []
    for number in range(1, SLOTS + 1):
        place = seats.get((pool.name, slot(number)))
        address = f"{place[0]}:{place[1]}" if place else "127.0.0.1:1 disabled"
        servers.append(f"    server {slot(number)} {address}")
    return "\n".join([*lines, *servers, f"backend {whole(pool.name)}", *servers]) + "\n"


def _question(pool: Pool) -> list[str]:
    if not pool.path:
        return []
    return [f"    option httpchk GET {pool.path}", f"    http-check expect status {pool.codes}"]


def _ms(seconds: float) -> str:
    return f"{int(seconds * 1000)}ms"
