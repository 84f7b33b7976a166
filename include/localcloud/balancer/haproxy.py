"""HAProxy at run time: its admin socket, and the reload that drops no connection."""

from __future__ import annotations

import csv
import dataclasses
import enum
import io
import logging
import socket
import tempfile
import time
from pathlib import Path

from include.localcloud.api.server import short_path
from include.localcloud.balancer.config import SLOTS, slot, whole
from include.localcloud.engine import CONFINED, Engine, whoami

log = logging.getLogger(__name__)

IMAGE = "slipway/haproxy:2"
_READY_SECONDS = 2.0
_RELOADS = 5


class Check(enum.Enum):
    """What HAProxy's health check says of a slot."""

    UP = "up"
    # Fewer checks passed in a row than the threshold asks for, but the last one passed.
    RISING = "rising"
    DOWN = "down"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class SlotSeen:
    """What HAProxy says of a slot.

    :param check: what the health check says.
    :param busy: requests under way.
    :param empty: it holds no target.
    """

    check: Check
    busy: int
    empty: bool


class HAProxy:
    """The balancer's container, on the host's own network.

    :param engine: the Docker of this installation.
    :param folder: of what is mounted into the container: ``run`` for its sockets, and
        ``configuration``, which it only reads, so that no file of this process's is ever written
        where HAProxy could put a link.
    """

    def __init__(self, *, engine: Engine, folder: Path) -> None:
        self._engine = engine
        self._run, self._read = folder / "run", folder / "configuration"
        for one in (self._run, self._read):
            one.mkdir(exist_ok=True)
        self._container = ""
        self._socket = short_path(self._run, "admin.sock")

    def start(self, configuration: str) -> None:
        """Start with that configuration and wait until it answers."""
        self._place("haproxy.cfg", configuration)
        self._place("servers.state", "")
        self._container = self._engine.create(
            f"slipway-cloud-{self._engine.installation}-balancer",
            IMAGE,
            kind="cloud-balancer",
            command=["haproxy", "-W", "-db", "-f", "/configuration/haproxy.cfg"],
            user=whoami(),
            host={
                "binds": [f"{self._run}:/cloud", f"{self._read}:/configuration:ro"],
                "network_mode": "host",
                **CONFINED,
                "mem_limit": "512m",
                "pids_limit": 128,
            },
        )
        self._engine.api.start(self._container)
        if not self._new_worker(None):
            log.error("HAProxy did not start: %s", self._last_words())

    def reload(self, configuration: str) -> None:
        """Change listeners and pools; connections and the slots' states live on."""
        before = self._worker()
        self._place("haproxy.cfg", configuration)
        for _ in range(_RELOADS):
            self._save_states()
            self._engine.api.kill(self._container, "SIGUSR2")
            if self._new_worker(before):
                return
            if "Loading failure" in self._last_words():
                break
            # The master loses a signal that comes while it still settles from the last one.
        log.error("HAProxy did not take its configuration: %s", self._last_words())

    def seen(self) -> dict[tuple[str, str], SlotSeen]:
        """Return what HAProxy says of every slot, by pool and name of the slot."""
        text = self.ask("show stat -1 4 -1").lstrip("# ")
        return {
            (row["pxname"], row["svname"]): SlotSeen(
                check=_check(row["status"]),
                busy=int(row["scur"] or 0),
                empty=row["status"].startswith("MAINT"),
            )
            for row in csv.DictReader(io.StringIO(text))
        }

    def fill(self, pool: str, name: str, address: str, port: int) -> None:
        """Put a target into a slot; it gets no request before a check has passed, but where a pool
        without a healthy target fails open.

        A slot that leaves maintenance counts as healthy at once. So it leaves it draining, is
        told that it is down, and only then may take requests.
        """
        server = f"{pool}/{name}"
        self.ask(
            f"set server {server} state maint; "
            f"set server {server} addr {address} port {port}; "
            f"set server {server} state drain; "
            f"set server {server} health down; "
            f"set server {server} state ready"
        )
        unasked = f"{whole(pool)}/{name}"
        self.ask(
            f"set server {unasked} state maint; "
            f"set server {unasked} addr {address} port {port}; "
            f"set server {unasked} state ready"
        )

    def accept(self, pool: str, name: str) -> None:
        """Let a slot whose first check has passed take requests."""
        self.ask(f"set server {pool}/{name} health up")

    def drain(self, pool: str, name: str) -> None:
        """Send nothing new; what is under way may end."""
        self._set(pool, name, "drain")

    def empty(self, pool: str, name: str) -> None:
        """Forget the slot's target."""
        self._set(pool, name, "maint")

    def _set(self, pool: str, name: str, state: str) -> None:
        both = (f"set server {one}/{name} state {state}" for one in (pool, whole(pool)))
        self.ask("; ".join(both))

    def ask(self, command: str) -> str:
        """Send a command to the admin socket and return the answer.

        :raises OSError: when HAProxy does not answer.
        """
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
            connection.settimeout(5)
            connection.connect(self._socket)
            connection.sendall(f"{command}\n".encode())
            parts = []
            while part := connection.recv(65536):
                parts.append(part)
        answer = b"".join(parts).decode()
        if not command.startswith("show") and answer.strip():
            log.debug("%s: %s", command, answer.strip())
        return answer

    def _save_states(self) -> None:
        """Write the slots' states at once: a worker that starts late must not read half of them."""
        self._place("servers.state", self.ask("show servers state"))

    def _place(self, name: str, text: str) -> None:
        """Put a file into place as a whole, whatever was there."""
        with tempfile.NamedTemporaryFile("w", dir=self._read, delete=False) as file:
            file.write(text)
        Path(file.name).replace(self._read / name)

    def _worker(self) -> str | None:
        try:
            lines = self.ask("show info").splitlines()
        except OSError:
            return None
        return next((line for line in lines if line.startswith("Pid:")), None)

    def _new_worker(self, before: str | None) -> bool:
        deadline = time.monotonic() + _READY_SECONDS
        while time.monotonic() < deadline:
            now = self._worker()
            if now is not None and now != before:
                return True
            time.sleep(0.02)
        return False

    def _last_words(self) -> str:
        words: bytes = self._engine.api.logs(self._container, tail=6)
        return words.decode("utf-8", "replace")


def slots() -> list[str]:
    """Return the names of a pool's slots."""
    return [slot(number) for number in range(1, SLOTS + 1)]


def _check(status: str) -> Check:
    if status.startswith(("UP", "NOLB", "no check", "DRAIN")):
        return Check.UP
    return Check.RISING if "/" in status else Check.DOWN
