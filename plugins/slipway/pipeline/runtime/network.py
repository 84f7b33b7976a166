"""One network namespace for steps that run one after the other.

Joining a network takes an engine a third of the time that starting a container takes, and
leaving it as long again. In a pipeline of several steps in a row, all after the first join the
namespace of one container that only sleeps, the way all containers of a Kubernetes pod share
one. Steps that may run side by side never share, since both might listen on the same port.
"""

from __future__ import annotations

import threading
from itertools import pairwise
from typing import TYPE_CHECKING

from slipway.exceptions import SlipwayError
from slipway.pipeline.runtime.isolation import holder_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from slipway.model.container import ImageFacts
    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine

# Fewer steps are over before it has paid.
_FEWEST = 3


class SharedNetwork:
    """The namespace of one run.

    :param engine: where the containers run.
    :param spec: the pipeline.
    :param note: told why steps share no network; it may hold secrets.
    """

    def __init__(self, engine: Engine, spec: PipelineSpec, *, note: Callable[[str], None]) -> None:
        self._note = note
        self._engine = engine
        self._spec = spec
        self._members = frozenset(step.name for step in _members(spec.steps))
        self._ready = threading.Event()
        self._holder: str | None = None
        self._thread: threading.Thread | None = None

    def open(self, image: ImageFacts) -> None:
        """Begin to make the namespace, if the pipeline has a use for it.

        :param image: one that has ``sleep``.
        """
        if self._members:
            self._thread = threading.Thread(target=self._open, args=(image.id,), daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Wait until nothing is being made any more."""
        if self._thread is not None:
            self._thread.join()

    def network(self, step: StepSpec) -> str | None:
        """Return the network that a step joins in place of the pipeline's own."""
        if step.name not in self._members or self._thread is None:
            return None
        self._ready.wait()
        return f"container:{self._holder}" if self._holder else None

    def _open(self, image: str) -> None:
        # Whoever asks for one of these finds it where it will run, or runs.
        names = tuple(step.name for step in self._spec.steps if step.name in self._members)
        try:
            holder = self._engine.create(holder_spec(self._spec, image, names))
            self._engine.start(holder)
            self._holder = holder
        except SlipwayError as error:
            # An image without `sleep`: each step then joins the network itself.
            self._note(f"steps do not share a network: {error}")
        finally:
            self._ready.set()


def _members(steps: Sequence[StepSpec]) -> Sequence[StepSpec]:
    """Return the steps that can share: plain ones, each waiting for the one before."""
    rows = list(steps)
    serial = all(step.depends_on == (before.name,) for before, step in pairwise(rows))
    if not serial or any(step.detach for step in rows):
        return ()
    found = [step for step in rows[1:] if not step.unmet and _is_plain(step)]
    return found if len(found) + 1 >= _FEWEST else ()


def _is_plain(step: StepSpec) -> bool:
    one = step.container
    own = one.network or one.dns or one.dns_search or one.extra_hosts or one.ports
    return not own and not one.security.privileged
