"""Makes each step's container ahead of its turn, while others run.

Making a container takes the engine about as long as a short command; a step that finds its own
ready starts at once. A container is made anew when the run has failed meanwhile, since its
variables say how the run stands.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING

from slipway.exceptions import SlipwayError
from slipway.model.container import PullPolicy
from slipway.pipeline.compiler import script_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.model.container import ContainerSpec
    from slipway.pipeline.compiler.spec import StepSpec
    from slipway.pipeline.compiler.status import Standing
    from slipway.pipeline.runtime.engine import Engine


class Preparation:
    """The containers of one run.

    :param engine: where they are made.
    :param describe: what a step's container is to be, given what has failed.
    :param standing: returns what has failed by now.
    :param has_image: waits for a step's image, and tells whether it is here.
    :param note: told what did not work ahead of its turn; it may hold secrets.
    """

    def __init__(
        self,
        engine: Engine,
        describe: Callable[[StepSpec, Standing], ContainerSpec],
        *,
        standing: Callable[[], Standing],
        has_image: Callable[[StepSpec], bool],
        note: Callable[[str], None],
    ) -> None:
        self._engine = engine
        self._describe = describe
        self._standing = standing
        self._has_image = has_image
        self._note = note
        self._made: dict[str, tuple[str, Standing]] = {}
        self._locks: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._closed = threading.Event()
        self._thread: threading.Thread | None = None

    def container(self, step: StepSpec) -> str:
        """Return a step's container, made now where it is not there yet, or out of date."""
        with self._locks[step.id]:
            made, standing = self._made.get(step.name), self._standing()
            if made is None or made[1] != standing:
                container = self._engine.create(self._describe(step, standing))
                if step.script:
                    files = script_file.packed(step.script)
                    self._engine.put_tar(container, script_file.FOLDER, files)
                made = self._made[step.name] = container, standing
            return made[0]

    def made(self, name: str) -> str | None:
        """Return a container that was made, by its step's or service's name."""
        made = self._made.get(name)
        return made[0] if made else None

    def ahead(self, steps: Sequence[StepSpec]) -> None:
        """Begin to make the containers of these steps, in their order.

        One whose image is asked for at its own turn is made then.
        """
        early = [step for step in steps if step.pull != PullPolicy.ALWAYS]
        self._thread = threading.Thread(target=self._make, args=(early,), daemon=True)
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
                if self._has_image(step):
                    self.container(step)
            except SlipwayError as error:
                # The step will try for itself when its turn comes, and say what is wrong.
                self._note(f"container of {step.name} could not be made ahead: {error}")
