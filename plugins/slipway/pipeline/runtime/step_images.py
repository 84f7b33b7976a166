"""The images of one run's containers: fetched ahead, side by side, each for its own steps.

An image that cannot be had fails the steps that want it, and only when their turn comes: a step
that is never reached may name whatever it likes, and one that comes late may name what an earlier
step pushes.
"""

from __future__ import annotations

import threading
from collections import deque
from concurrent.futures import Future, wait
from typing import TYPE_CHECKING

from slipway.model.container import ImageFacts, PullPolicy
from slipway.pipeline.runtime.registry_auth import credentials

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.pipeline.compiler.spec import StepSpec
    from slipway.pipeline.runtime.engine import Engine

    Key = tuple[str, ...]

# Images that are fetched at once, and seconds between two looks at whether the run goes on.
_SIDE_BY_SIDE, _PAUSE = 4, 0.5


class StepImages:
    """Fetches images, and tells what they say of themselves.

    :param engine: where they are to be.
    :param logins: texts of Docker's ``config.json``.
    :param progress: called with a line now and then while an image comes.
    :param left: the seconds that the run has left; raises when it is over.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        logins: Sequence[str],
        progress: Callable[[str], None],
        left: Callable[[], float],
    ) -> None:
        self._engine = engine
        self._logins = logins
        self._progress = progress
        self._left = left
        self._lock = threading.Lock()
        self._found: dict[Key, Future[ImageFacts]] = {}
        self._wanted: deque[StepSpec] = deque()
        self._closed = False

    def ahead(self, steps: Sequence[StepSpec]) -> None:
        """Begin to fetch the images of these steps, in their order.

        One that is to be asked for again and again is asked for at its step's own turn.
        """
        unique = {_key(step): step for step in steps if step.pull != PullPolicy.ALWAYS}
        self._wanted.extend(unique.values())
        for _ in range(min(_SIDE_BY_SIDE, len(self._wanted))):
            threading.Thread(target=self._fetch_wanted, daemon=True).start()

    def facts(self, step: StepSpec) -> ImageFacts:
        """Return what a step's image says of itself, as soon as it is here.

        What could not be had ahead of the step's turn is asked for once more.

        :raises ImageUnavailable: when it can neither be found nor pulled.
        :raises ImageRefused: when its name is none, or kept for others.
        """
        future, mine = self._claim(step, again=True)
        if mine:
            self._fetch(step, future)
        while not wait([future], timeout=_PAUSE).done:
            self._left()
        return future.result()

    def awaited(self, step: StepSpec) -> bool:
        """Wait while a step's image is being fetched, and tell whether it is here."""
        future = self._found.get(_key(step))
        while future is not None and not wait([future], timeout=_PAUSE).done:
            self._left()
            if self._closed:
                return False
        return future is not None and future.exception() is None

    def known(self, step: StepSpec) -> ImageFacts | None:
        """Return what is known of a step's image by now."""
        future = self._found.get(_key(step))
        here = future is not None and future.done() and future.exception() is None
        return future.result() if future is not None and here else None

    def close(self) -> None:
        """Begin to fetch no more; what is being fetched may end by itself."""
        self._closed = True

    def _claim(self, step: StepSpec, *, again: bool) -> tuple[Future[ImageFacts], bool]:
        """Return the answer for a step's image, and whether the caller has to bring it."""
        key = _key(step)
        with self._lock:
            future = self._found.get(key)
            failed = again and future is not None and future.done() and future.exception()
            if future is None or failed:
                self._found[key] = future = Future()
                return future, True
            return future, False

    def _fetch_wanted(self) -> None:
        while not self._closed:
            try:
                step = self._wanted.popleft()
            except IndexError:
                return
            future, mine = self._claim(step, again=False)
            if mine:
                self._fetch(step, future)

    def _fetch(self, step: StepSpec, future: Future[ImageFacts]) -> None:
        try:
            self._left()
            found = self._engine.ensure_image(
                step.image,
                pull=PullPolicy(step.pull),
                auth=credentials(step.image, self._logins),
                progress=self._progress,
            )
        except BaseException as error:  # whoever waits for it is told
            future.set_exception(error)
        else:
            future.set_result(found)


def _key(step: StepSpec) -> Key:
    """Tell images apart: one that is always pulled may be another one at each step's turn."""
    own = (step.id,) if step.pull == PullPolicy.ALWAYS else ()
    return (step.image, step.pull, *own)
