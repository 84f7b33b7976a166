"""Looks at every process and every container of this machine while a story is told."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import docker
from docker.errors import APIError

from tests.secret_leaks.needles import Needle, found_in

# Seconds between two looks at the processes, and how long one counts as new.
_PAUSE, _YOUNG = 0.02, 0.5
# Kinds of containers whose environment is the secrets' destination: a pipeline's own, for as long
# as the step runs. Whoever may ask the engine for them is root on its machine anyway.
_DESTINATIONS = ("step", "service")


class Watch:
    """Collects what shows a secret, from the start of a block to its end.

    :param sought: what must not be seen.
    :param own: what may be seen of a pipeline's own containers, by the place of the secret.
    """

    def __init__(self, sought: Sequence[Needle], *, own: Sequence[str]) -> None:
        self.finds: set[str] = set()
        self.processes = self.containers = 0
        self._sought = list(sought)
        self._own = tuple(own)
        self._client: Any = docker.APIClient()
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=look, daemon=True)
            for look in (self._look_at_processes, self._look_at_containers)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(30)

    def _look_at_processes(self) -> None:
        """Read the words of each new process, and again for a while: it may become another one."""
        young: dict[str, float] = {}
        while not self._ended.is_set():
            now, alive = time.monotonic(), _pids()
            for pid in alive:
                if now - young.setdefault(pid, now) < _YOUNG:
                    self._read(pid)
            self.processes += len(young.keys() - alive)
            young = {pid: since for pid, since in young.items() if pid in alive}
            time.sleep(_PAUSE)
        self.processes += len(young)

    def _read(self, pid: str) -> None:
        with suppress(OSError):
            argv = Path(f"/proc/{pid}/cmdline").read_bytes()
            for find in found_in([argv], self._sought):
                self.finds.add(f"argv of {argv[:60]!r}: {find}")

    def _look_at_containers(self) -> None:
        """Inspect each container when it is made, and once more when it has ended."""
        events = self._client.events(decode=True, filters={"type": "container"})
        threading.Thread(target=lambda: (self._ended.wait(), events.close()), daemon=True).start()
        for event in events:
            if event.get("Action") not in ("create", "start", "die"):
                continue
            with suppress(APIError):
                self._inspect(event["Actor"]["ID"])
            self.containers += event["Action"] == "create"

    def _inspect(self, container: str) -> None:
        facts = self._client.inspect_container(container)
        labels = facts["Config"].get("Labels") or {}
        kind = labels.get("slipway.kind", "")
        for find in found_in([json.dumps(facts).encode()], self._sought):
            if kind in _DESTINATIONS and find.startswith(self._own):
                continue
            self.finds.add(f"docker inspect {facts['Name']} ({kind}): {find}")


def _pids() -> set[str]:
    return {path.name for path in Path("/proc").glob("[0-9]*")}
