"""Puts kept folders into a run before its steps begin, and keeps them when all have passed.

A folder of the workspace is put there before the sources, so a file of the commit's is never
covered by one of a cache. An absolute path is a folder outside the workspace, which the pipeline
file makes lasting for its steps by mounting a ``temp`` volume there.
"""

from __future__ import annotations

import posixpath
import time
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError
from slipway.model.container import NoSuchThing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from slipway.pipeline.cache_shelf import Shelf
    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine
    from slipway.pipeline.runtime.prepared import Preparation


class RunCaches:
    """The caches of one pipeline's run.

    :param engine: where the containers run.
    :param spec: the pipeline.
    :param shelf: where they are kept; None where the project keeps none.
    :param containers: those of the steps.
    :param startable: returns the first of some steps whose container can be made, once it is.
    :param say: takes a line for the log.
    """

    def __init__(
        self,
        engine: Engine,
        spec: PipelineSpec,
        shelf: Shelf | None,
        *,
        containers: Preparation,
        startable: Callable[[Sequence[StepSpec]], StepSpec | None],
        say: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._spec = spec
        self._shelf = shelf
        self._containers = containers
        self._startable = startable
        self._say = say
        self._missed: list[str] = []

    def restore(self, steps: Sequence[StepSpec]) -> None:
        """Put what is kept where the steps will look for it.

        :param steps: those that may run.
        :raises ContainerEngineError: when something that was kept can be unpacked in part only;
            it is forgotten then, so the next try goes without.
        """
        for path in self._shelf.paths if self._shelf else ():
            mounting = self._mounting(path, steps)
            if not mounting:
                self._say(
                    f"cache {path}: no step mounts a temp volume there, so nothing of it outlives "
                    "a step; add one to the pipeline file, or keep a folder of the workspace"
                )
                continue
            step = self._startable(mounting)
            if step is None or not self._put(step, path):
                self._missed.append(path)

    def keep(self, steps: Sequence[StepSpec]) -> None:
        """Keep what was not kept before.

        :param steps: of which none failed.
        """
        for path in self._missed:
            made = (self._containers.made(step.name) for step in self._mounting(path, steps))
            container = next((one for one in made if one is not None), None)
            if container is None or self._shelf is None:
                continue
            try:
                tar = self._engine.tar_stream(container, self._place(path))
                self._shelf.keep(self._spec.name, path, _begun(tar))
            except NoSuchThing:
                self._say(f"cache {path}: no step made it, so nothing is kept")
            except ContainerEngineError as error:
                self._say(f"cache {path}: not kept, it could not be read: {error.message}")

    def _put(self, step: StepSpec, path: str) -> bool:
        shelf = self._shelf
        found = shelf.find(self._spec.name, path) if shelf is not None else None
        if shelf is None or found is None:
            return False
        began = time.monotonic()
        with found:
            try:
                above = posixpath.dirname(self._place(path))
                self._engine.put_tar(self._containers.container(step), above, found)
            except ContainerEngineError:
                shelf.spoil(self._spec.name, path)
                raise
        self._say(f"cache {path}: restored in {time.monotonic() - began:.1f} s")
        return True

    def _place(self, path: str) -> str:
        return posixpath.join(self._spec.workspace, path)

    def _mounting(self, path: str, steps: Sequence[StepSpec]) -> Sequence[StepSpec]:
        """Return the steps in whose containers a folder outlives them."""
        if not path.startswith("/"):
            return steps
        lasting = {one.name for one in self._spec.volumes if one.host is None and not one.memory}
        return [one for one in steps if one.mounts.get(path) in lasting]


def _begun(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Read the first piece now, where what is missing is told apart from what breaks off."""
    first = next(pieces, b"")

    def whole() -> Iterator[bytes]:
        yield first
        yield from pieces

    return whole()
