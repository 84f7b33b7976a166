"""Waiting until a service can be used.

An image's own health check is believed. Without one, a service is ready when a port that its
image exposes accepts connections from outside its container: the kernel's table of listening
sockets is read inside the service's own network, which needs no client for its protocol and
works from any worker. Where an image exposes several ports, some of which may stay closed for
ever, it is ready when at least one is open and no other has opened for a second. An image that
exposes none is ready when it runs.

What an image says of itself may be wrong for what it is told to do here: it listens elsewhere, or
its health check asks for something else. So a service that listens, but not where it should, is
waited for a little longer, any other for as long as is allowed; then the steps begin all the same,
and the log says what was not seen. A pipeline file may name the ports, or none.
"""

from __future__ import annotations

import time
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError, TestsFailed
from slipway.model.container import Health
from slipway.pipeline.masking.mask import Masker
from slipway.pipeline.masking.stream import StreamMasker

if TYPE_CHECKING:
    from collections.abc import Callable

    from slipway.model.container import ImageFacts
    from slipway.pipeline.runtime.engine import Engine

# Seconds between two looks, and how long several ports must stay as they are.
_PAUSE = 0.15
_SETTLED = 1.0
# Seconds that a service may listen elsewhere than it should.
_ELSEWHERE = 10.0
_TAIL = 20
# Lines before the last ones, and characters of each line in a message.
_LOOKED_AT, _WIDEST = 200, 1000
_LISTENING = "0A"
_TABLES = ("cat", "/proc/net/tcp", "/proc/net/tcp6")
# What a shell answers for a program that cannot be run or is not there.
_NO_PROGRAM = (126, 127)
_LOOPBACK = ("00000000000000000000000001000000",)
# 127.0.0.11, where Docker's own resolver listens in every container.
_RESOLVER = "0B00007F"


class ServiceStopped(TestsFailed):
    """A service ended before it could be used.

    :param message: what is wrong, for people.
    :param exit_code: its container's.
    :param advice: what can be done; may be empty.
    """

    def __init__(self, message: str, *, exit_code: int, advice: str = "") -> None:
        super().__init__(message, advice=advice)
        self.exit_code = exit_code


@dataclass(frozen=True, kw_only=True)
class Service:
    """A started service that is waited for.

    :param name: for messages.
    :param container: its id.
    :param image: what its image says of itself.
    :param ports: where the pipeline file says that it will listen; None is where its image says.
    """

    name: str
    container: str
    image: ImageFacts
    ports: tuple[int, ...] | None = None


@dataclass(frozen=True, kw_only=True)
class Readiness:
    """How waiting for a service ended.

    :param seconds: that it took.
    :param lacking: what it still lacked; empty where it is ready.
    """

    seconds: float
    lacking: str = ""


def wait_until_ready(
    engine: Engine,
    service: Service,
    *,
    timeout: float,
    onlooker: Callable[[], str] | None = None,
    mask: Masker | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> Readiness:
    """Wait until a service can be used, or there is no use in waiting.

    A service that has ended with exit code 0 has done its work and is ready.

    :param engine: where the containers run.
    :param service: as it was started.
    :param timeout: seconds.
    :param onlooker: makes a running container that shares the service's network and has ``cat``,
        and returns its id; for images that have nothing but their own program.
    :param mask: knows the secrets.
    :param clock: seconds, never going back.
    :param sleep: waits for so many seconds.
    :raises ServiceStopped: when it ends with another exit code, with its last log lines.
    """
    began = clock()
    watch = _Watch(engine, service, onlooker, clock, mask)
    while not watch.is_ready():
        waited = clock() - began
        if elsewhere := watch.listens_elsewhere():
            return Readiness(seconds=waited, lacking=elsewhere)
        if waited > timeout:
            return Readiness(seconds=waited, lacking=watch.lacks())
        sleep(_PAUSE)
    return Readiness(seconds=clock() - began)


def last_lines(
    engine: Engine, container: str, count: int = _TAIL, *, mask: Masker | None = None
) -> list[str]:
    """Return a container's last log lines, masked.

    :param engine: where the containers run.
    :param container: its id.
    :param count: how many of them; more are looked through, as a secret may begin before.
    :param mask: knows the secrets; None for none.
    """
    lines: deque[str] = deque(maxlen=count)
    stream = StreamMasker(mask or Masker(()), lines.extend)
    with suppress(ContainerEngineError):
        stream.feed(engine.last_output(container, lines=count + _LOOKED_AT))
    stream.close()
    return [line.strip()[:_WIDEST] for line in lines] or ["(it wrote nothing)"]


def _tail(engine: Engine, container: str, mask: Masker | None) -> str:
    """Return a container's last log lines, indented, for the end of a message."""
    return "".join(f"\n    {line}" for line in last_lines(engine, container, mask=mask))


class _Watch:
    """Looks at one service again and again."""

    def __init__(
        self,
        engine: Engine,
        service: Service,
        onlooker: Callable[[], str] | None,
        clock: Callable[[], float],
        mask: Masker | None,
    ) -> None:
        self._engine = engine
        self._mask = mask
        self._service = service
        self._onlooker = onlooker
        self._clock = clock
        self._looks_from = service.container
        named = service.ports
        self._ports = frozenset(service.image.ports if named is None else named)
        self._checks_itself = service.image.has_healthcheck and named is None
        self._open: frozenset[int] = frozenset()
        self._elsewhere: frozenset[int] = frozenset()
        self._changed_at = self._elsewhere_since = clock()

    def is_ready(self) -> bool:
        state = self._engine.state(self._service.container)
        if not state.running and state.exit_code is not None:
            if state.exit_code == 0:
                return True
            name, code = self._service.name, state.exit_code
            msg = f"service {name!r} stopped with exit code {code} before it was ready"
            tail = _tail(self._engine, self._service.container, self._mask)
            raise ServiceStopped(msg + tail, exit_code=code)
        if self._checks_itself and state.health is not Health.NONE:
            return state.health is Health.HEALTHY
        return not self._ports or self._ports_are_open()

    def lacks(self) -> str:
        """Say what a service that is not ready lacks."""
        if self._checks_itself:
            return "is not healthy"
        return f"does not accept connections on port {_listed(self._ports)}"

    def listens_elsewhere(self) -> str:
        """Say so of a service that has been listening for a while, but on none of its ports."""
        settled = self._clock() - self._elsewhere_since >= _ELSEWHERE
        if not self._elsewhere or not settled or self._checks_itself:
            return ""
        only_inside = self._elsewhere & self._ports
        if only_inside:
            return f"listens on port {_listed(only_inside)} for its own container alone"
        return f"listens on port {_listed(self._elsewhere)}, not on {_listed(self._ports)}"

    def _ports_are_open(self) -> bool:
        table = self._table()
        seen = listening_ports(table) & self._ports
        if seen != self._open:
            self._open, self._changed_at = seen, self._clock()
        if seen == self._ports:
            return True
        elsewhere = listening_ports(table, anywhere=True) if not seen else frozenset()
        if elsewhere != self._elsewhere:
            self._elsewhere, self._elsewhere_since = elsewhere, self._clock()
        return bool(seen) and self._clock() - self._changed_at >= _SETTLED

    def _table(self) -> str:
        code, table = self._engine.exec(self._looks_from, _TABLES)
        if code in _NO_PROGRAM and self._onlooker is not None:
            self._looks_from, self._onlooker = self._onlooker(), None
            _, table = self._engine.exec(self._looks_from, _TABLES)
        return table


def listening_ports(table: str, *, anywhere: bool = False) -> frozenset[int]:
    """Read the ports that accept connections from elsewhere out of ``/proc/net/tcp{,6}``.

    :param table: their text; lines of anything else are passed over.
    :param anywhere: those that accept connections from their own container alone count as well.
    """
    ports = set()
    for line in table.splitlines():
        fields = line.split()
        if len(fields) < 4 or fields[3] != _LISTENING:
            continue
        address, _, port = fields[1].rpartition(":")
        if address == _RESOLVER:
            continue
        # The kernel prints each 32-bit word little-endian, so 127.x.x.x ends with 7F.
        loopback = address in _LOOPBACK or address[-8:].endswith("7F")
        if anywhere or not loopback:
            ports.add(int(port, 16))
    return frozenset(ports)


def _listed(ports: frozenset[int]) -> str:
    return ", ".join(str(port) for port in sorted(ports))
