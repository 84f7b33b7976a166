"""What a builder waits for: it is up before it is known what to install on it.

Its boot takes longer than a package to build, so both go on at once. Packer waits, with the builder
ready, for the playbook's variables and a word: to begin, or that there is nothing to bake.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any

from slipway.hooks.tars import pack

# Finds the playbook's variables; gives up once the event is set, as nobody waits any more.
Finder = Callable[[threading.Event], Mapping[str, Any]]
_WORD = "begin"
# Seconds until what could not be handed over is tried again.
_AGAIN = 1.0
# Seconds for what was being found when the builder died. It changes nothing that another try would
# not find, so it need not be over.
_LAST = 10.0


def yes(variables: Mapping[str, Any]) -> dict[str, bytes]:
    """Return the files by which a builder is told to begin.

    :param variables: for the playbook.
    """
    # The word comes last: whoever reads it finds all of them.
    return {"variables.json": json.dumps(dict(variables)).encode(), _WORD: b"yes\n"}


def can_wait(files: Mapping[str, bytes]) -> bool:
    """Tell whether a recipe has its builder wait; one from elsewhere may not.

    :param files: the recipe.
    """
    asked = f"/work/{_WORD}".encode()
    return any(asked in files[one] for one in files if one.startswith("packer/"))


class Awaited:
    """Finds the variables in a thread of its own, and hands them to the builder that waits.

    A context: nothing is looked for any more after it.

    :param find: finds them.
    :param log: is told when they cannot be handed over.
    """

    def __init__(self, find: Finder, log: Callable[[str], None]) -> None:
        self._find, self._log = find, log
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        # Why there is nothing to bake.
        self.error: Exception | None = None

    def __enter__(self) -> Awaited:
        """Return itself; it begins with the builder's container."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop looking."""
        self._over.set()
        if self._thread is not None:
            self._thread.join(_LAST)

    def begin(self, put: Callable[[bytes], None]) -> None:
        """Begin to look for them.

        :param put: unpacks a tar where the builder waits.
        """
        thread = threading.Thread(
            target=self._hand_over, args=(put,), name="awaited by a builder", daemon=True
        )
        thread.start()
        self._thread = thread

    def _hand_over(self, put: Callable[[bytes], None]) -> None:
        try:
            files = yes(self._find(self._over))
        except Exception as error:
            if self._over.is_set():  # what the builder died of is the reason then
                return
            self.error = error
            files = {_WORD: b"no\n"}
        while not self._over.is_set():
            try:
                put(pack(files))
            except Exception as error:  # or the builder would wait for nobody
                self._log(f"what to install cannot be handed to the builder yet: {error}")
                self._over.wait(_AGAIN)
            else:
                return
