"""The workspace of one run: who owns what is in it.

The sources come as root's, and a step finds them as its own: before a step begins that runs as
somebody else than the one before, the workspace is handed over to whom it runs as. So every step
may write, change modes and use git, and none is given a right that its image did not have. Where
all steps are root's, as in most pipelines, nothing has to be done.
"""

from __future__ import annotations

import threading
from contextlib import suppress
from typing import TYPE_CHECKING

from slipway.exceptions import ContainerEngineError, StepTimedOut
from slipway.model.container import CannotStart, ContainerRefused
from slipway.pipeline.runtime.isolation import owner_spec

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.model.container import ImageFacts
    from slipway.pipeline.compiler.spec import PipelineSpec, StepSpec
    from slipway.pipeline.runtime.engine import Engine

_ROOT = "0"
# Seconds that handing over may take.
_LONGEST = 300.0


def user_of(step: StepSpec, image: ImageFacts) -> str:
    """Return whom a step runs as; ``0`` for root, however it is written."""
    user = step.container.user or image.user
    return _ROOT if user.partition(":")[0] in ("", "0", "root") else user


def trusting_git(environment: Mapping[str, str]) -> dict[str, str]:
    """Return variables that let git work in a workspace whoever owns it by now.

    Whatever is in a step's container came with its image or with the commit.

    :param environment: the step's; what it tells git in the same way is kept.
    """
    count = environment.get("GIT_CONFIG_COUNT") or "0"
    if not (count.isascii() and count.isdigit()):
        return {}
    return {
        "GIT_CONFIG_COUNT": str(int(count) + 1),
        f"GIT_CONFIG_KEY_{count}": "safe.directory",
        f"GIT_CONFIG_VALUE_{count}": "*",
    }


class Workspace:
    """Hands the workspace from one user to the next.

    :param engine: where the containers run.
    :param spec: the pipeline.
    :param left: the seconds that the run has left.
    """

    def __init__(self, engine: Engine, spec: PipelineSpec, left: Callable[[], float]) -> None:
        self._engine = engine
        self._spec = spec
        self._left = left
        self._lock = threading.Lock()
        self._owner = _ROOT
        self._mixed = False
        self._at_work: list[str] = []

    def begin(self, step: StepSpec, image: ImageFacts, say: Callable[[str], None]) -> None:
        """Make the workspace a step's own.

        :param step: the compiled step.
        :param image: the step's.
        :param say: told why, where that cannot be done; the step runs all the same.
        """
        user = user_of(step, image)
        with self._lock:
            if user != self._owner or self._mixed:
                self._hand_over(step, image, user, say)
                self._owner = user
                # What others go on to make is theirs again.
                self._mixed = any(other != user for other in self._at_work)
            self._at_work.append(user)

    def end(self, step: StepSpec, image: ImageFacts) -> None:
        """Note that a step has ended."""
        with self._lock, suppress(ValueError):
            self._at_work.remove(user_of(step, image))

    def _hand_over(
        self, step: StepSpec, image: ImageFacts, user: str, say: Callable[[str], None]
    ) -> None:
        container = self._engine.create(owner_spec(self._spec, step, image.id, user))
        lines: list[bytes] = []
        timeout = min(_LONGEST, self._left())
        try:
            code = self._engine.run_streaming(container, timeout=timeout, output=lines.append)
        except (CannotStart, ContainerRefused, StepTimedOut) as error:
            code, lines = -1, [error.message.encode()]
        with suppress(ContainerEngineError):
            self._engine.remove(container)
        if code != 0:
            why = b"".join(lines).decode(errors="replace").strip() or f"exit code {code}"
            say(f"the workspace could not be made {user}'s own, and stays as it is: {why}")
