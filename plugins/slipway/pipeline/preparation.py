"""Makes each step's container ahead of its turn, while others run.

Making a container takes the engine about as long as a short command; a step that finds its own
ready starts at once. A container is made anew when the run has failed meanwhile, since its
variables say how the run stands.
"""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from slipway.exceptions import SlipwayError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.hooks.container_spec import ContainerSpec
    from slipway.pipeline.engine import Engine
    from slipway.pipeline.spec import StepSpec

_log = logging.getLogger(__name__)
Failed = tuple[str, ...]


class Preparation:
    """The containers of one run.

    :param engine: where they are made.
    :param describe: what a step's container is to be, given the steps that have failed.
    """

    def __init__(
        self, engine: Engine, describe: Callable[[StepSpec, Failed], ContainerSpec]
    ) -> None:
        self._engine = engine
        self._describe = describe
        self._made: dict[str, tuple[str, Failed]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def container(self, step: StepSpec, failed: Failed = ()) -> str:
        """Return a step's container, made now where it is not there yet."""
        with self._locks[step.id]:
            made = self._made.get(step.name)
            if made is None or made[1] != failed:
                made = self._engine.create(self._describe(step, failed)), failed
                self._made[step.name] = made
            return made[0]

    def made(self, name: str) -> str | None:
        """Return a container that was made, by its step's or service's name."""
        made = self._made.get(name)
        return made[0] if made else None

    def ahead(self, steps: Sequence[StepSpec]) -> None:
        """Begin to make the containers of these steps, in their order."""
        self._thread = threading.Thread(target=self._make, args=(steps,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Make no more, and wait for the one that is being made."""
        self._closed.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _make(self, steps: Sequence[StepSpec]) -> None:
        for step in steps:
            if self._closed.is_set():
                return
            try:
                self.container(step)
            except SlipwayError as error:
                # The step will try for itself when its turn comes, and say what is wrong.
                _log.debug("container of %s could not be made ahead: %s", step.name, error)
                return
