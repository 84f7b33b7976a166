"""A container engine in memory that keeps the real one's contract, and insists on it.

Steps are played by name: ``plays["unit"] = Play(exit_code=1, lines=("boom",))``.
"""

from __future__ import annotations

import itertools
import threading
from dataclasses import dataclass, field
from typing import IO, TYPE_CHECKING

from slipway.exceptions import ImageUnavailable, StepTimedOut
from slipway.model.container import (
    CannotStart,
    ContainerRefused,
    ContainerSpec,
    ContainerState,
    Health,
    ImageFacts,
    NoSuchThing,
    PullPolicy,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

_REFUSAL = "the container engine refuses it: that is no path"
LISTENING = "   0: 00000000:1538 00000000:0000 0A 00000000:00000000\n"  # port 5432


@dataclass
class Play:
    """How a container behaves once it is started.

    :param until: it goes on until this is set; None ends at once.
    :param no_program: starting it fails.
    :param refused: what the engine refuses to do with it: ``create`` or ``start``.
    :param out_of_memory: what the engine says when it is inspected.
    :param lines: what it writes; bytes as they are, texts as lines.
    :param leaves: path -> the tar that is found there, whole or in pieces.
    :param tables: what each look at its sockets shows; the last one stays.
    """

    exit_code: int = 0
    lines: tuple[str | bytes, ...] = ()
    until: threading.Event | None = None
    no_program: bool = False
    refused: str = ""
    out_of_memory: bool = False
    health: Health = Health.NONE
    tables: tuple[tuple[int, str], ...] = ((0, LISTENING),)
    leaves: Mapping[str, bytes | Iterable[bytes]] = field(default_factory=dict)

    def output(self) -> Iterator[bytes]:
        for line in self.lines:
            yield line if isinstance(line, bytes) else line.encode() + b"\n"


@dataclass
class Container:
    spec: ContainerSpec
    play: Play
    started: bool = False
    ended: threading.Event = field(default_factory=threading.Event)
    exit_code: int | None = None
    looks: int = 0
    files: dict[str, bytes] = field(default_factory=dict)


class FakeEngine:
    """In-memory containers, networks and volumes.

    :param plays: step or service name -> how its container behaves; others succeed at once.
    :param images: image name -> what it says of itself; others are plain.
    """

    def __init__(
        self,
        plays: Mapping[str, Play] | None = None,
        images: Mapping[str, ImageFacts] | None = None,
    ) -> None:
        self.plays = dict(plays or {})
        self.images = dict(images or {})
        self.missing_images: set[str] = set()
        self.complaint = "no such host"
        self.containers: dict[str, Container] = {}
        self.networks: dict[str, dict[str, str]] = {}
        self.volumes: dict[str, dict[str, str]] = {}
        self.guarded: dict[str, bool] = {}
        self.events: list[str] = []
        self.specs: list[ContainerSpec] = []
        self.pulls: list[tuple[str, PullPolicy]] = []
        self.logins: dict[str, dict[str, str]] = {}
        self._ids = itertools.count(1)
        self._lock = threading.Lock()

    def ensure_image(
        self,
        image: str,
        *,
        pull: PullPolicy = PullPolicy.IF_NOT_EXISTS,
        auth: Mapping[str, str] | None = None,
        progress: Callable[[str], None] = print,
    ) -> ImageFacts:
        if auth:
            self.logins[image] = dict(auth)
        self.pulls.append((image, pull))
        if image in self.missing_images:
            msg = f"image {image} is neither here nor can it be pulled ({self.complaint})"
            raise ImageUnavailable(msg)
        return self.images.get(image, ImageFacts(id="sha256:1", ports=(), has_healthcheck=False))

    def create(self, spec: ContainerSpec) -> str:
        with self._lock:
            shared = spec.network in ("none", "host") or (spec.network or "").startswith(
                "container:"
            )
            if spec.network and not shared:
                self._require(spec.network, self.networks)
            for volume in spec.volumes:
                self._require(volume, self.volumes)
            for old in [c for c, made in self.containers.items() if made.spec.name == spec.name]:
                self.containers.pop(old).ended.set()
            container = f"c{next(self._ids)}"
            play = self.plays.get(spec.labels.get("slipway.step", spec.name), Play())
            if play.refused == "create":
                raise ContainerRefused(_REFUSAL, advice="begin it with /")
            self.containers[container] = Container(spec, play)
            self.specs.append(spec)
            self.events.append(f"create {spec.name}")
            return container

    def start(self, container: str) -> None:
        made = self._get(container)
        if made.play.no_program:
            msg = "cannot start a container: exec: /bin/sh: no such file"
            raise CannotStart(msg)
        if made.play.refused == "start":
            raise ContainerRefused(_REFUSAL, advice="begin it with /")
        made.started = True
        self.events.append(f"start {made.spec.name}")

    def run_streaming(
        self, container: str, *, timeout: float, output: Callable[[bytes], None]
    ) -> int:
        self.start(container)
        made = self._get(container)
        for chunk in made.play.output():
            output(chunk)
        if made.play.until is not None:
            self._wait(made, timeout)
        if made.exit_code is None:
            made.exit_code = made.play.exit_code
        made.ended.set()
        self.events.append(f"end {made.spec.name}")
        return made.exit_code

    def _wait(self, made: Container, timeout: float) -> None:
        step = 0.005
        for _ in range(int(timeout / step) + 1):
            if made.ended.is_set() or (made.play.until and made.play.until.wait(step)):
                return
        msg = f"still running after {timeout:.0f} s"
        raise StepTimedOut(msg)

    def state(self, container: str) -> ContainerState:
        made = self._get(container)
        background = made.spec.labels.get("slipway.kind") == "service" and made.play.exit_code == 0
        code = made.exit_code if made.exit_code is not None else made.play.exit_code
        running = made.started and background
        return ContainerState(
            running=running,
            exit_code=None if running else code,
            health=made.play.health,
            out_of_memory=made.play.out_of_memory,
            addresses={},
        )

    def last_output(self, container: str, *, lines: int) -> bytes:
        output = b"".join(self._get(container).play.output())
        return b"".join(output.splitlines(keepends=True)[-lines:])

    def written(self, container: str) -> Iterator[bytes]:
        yield from self._get(container).play.output()

    def exec(
        self,
        container: str,
        argv: tuple[str, ...],
        *,
        environment: Mapping[str, str] | None = None,
        timeout: float = 30.0,
    ) -> tuple[int, str]:
        made = self._get(container)
        shown = made.play.tables[min(made.looks, len(made.play.tables) - 1)]
        made.looks += 1
        return shown

    def put_tar(self, container: str, path: str, data: bytes | IO[bytes]) -> None:
        made = self._get(container)
        made.files[path] = data if isinstance(data, bytes) else data.read()
        self.events.append(f"put {made.spec.name}")

    def tar_stream(self, container: str, path: str) -> Iterator[bytes]:
        made = self._get(container)
        if path not in made.play.leaves:
            msg = f"no {path} in {made.spec.name}"
            raise NoSuchThing(msg)
        leaves = made.play.leaves[path]
        yield from [leaves] if isinstance(leaves, bytes) else leaves

    def kill(self, container: str) -> None:
        made = self.containers.get(container)
        if made is not None and made.exit_code is None:
            made.exit_code = 137
            made.ended.set()

    def remove(self, container: str) -> None:
        self.kill(container)
        self.containers.pop(container, None)

    def create_network(
        self, name: str, labels: Mapping[str, str], *, guarded: bool = False
    ) -> None:
        self.networks[name] = dict(labels)
        self.guarded[name] = guarded

    def create_volume(self, name: str, labels: Mapping[str, str]) -> None:
        self.volumes[name] = dict(labels)

    def remove_overdue(self, *, limit: float = 0.0) -> int:
        return 0

    def remove_labelled(self, labels: Mapping[str, str], *, grace: float = 0.0) -> int:
        with self._lock:
            found = [c for c, made in self.containers.items() if _has(made.spec.labels, labels)]
            for container in found:
                made = self.containers.pop(container)
                made.exit_code = 137 if made.exit_code is None else made.exit_code
                made.ended.set()
            for things in (self.networks, self.volumes):
                for name in [name for name, own in things.items() if _has(own, labels)]:
                    del things[name]
            self.events.append("remove all")
            return len(found)

    def leftovers(self) -> list[str]:
        """Name everything that is still there."""
        return [*(c.spec.name for c in self.containers.values()), *self.networks, *self.volumes]

    def _get(self, container: str) -> Container:
        self._require(container, self.containers)
        return self.containers[container]

    def _require(self, name: str, things: Mapping[str, object]) -> None:
        if name not in things:
            msg = f"no such thing: {name}"
            raise NoSuchThing(msg)


def _has(own: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    return all(own.get(key) == value for key, value in wanted.items())
