"""A command whose reader has gone, as in ``fab history shop prod | head``, ends as others do.

Python tells it by an exception at whichever line happens to write, which a task may take for one of
the network's; and by another one when the process ends. A signal's usual way out is none: it would
end the process too when a server hangs up.
"""

from __future__ import annotations

import atexit
import io
import os
import signal
import sys
import threading
from contextlib import suppress
from typing import TextIO

# What a shell says of a program that ended so.
GONE = 128 + signal.SIGPIPE


class Pipe(io.TextIOWrapper):
    """Text for somebody who may stop reading."""

    def write(self, text: str, /) -> int:
        """Write.

        :raises SystemExit: when nobody reads any more.
        """
        try:
            return super().write(text)
        except BrokenPipeError:
            self._leave()
            return len(text)

    def flush(self) -> None:
        """Hand over what is written.

        :raises SystemExit: when nobody reads any more.
        """
        try:
            super().flush()
        except BrokenPipeError:
            self._leave()

    def _leave(self) -> None:
        # What is still to be handed over goes nowhere, and nobody complains of it at the end.
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, self.fileno())
        os.close(nowhere)
        # A thread ends nothing: the command whose words it hands on ends by itself.
        if threading.current_thread() is threading.main_thread():
            raise SystemExit(GONE)


def end_with_the_reader() -> None:
    """Have this process end without a word when nobody reads what it says any more."""
    sys.stdout, sys.stderr = _pipe(sys.stdout), _pipe(sys.stderr)
    atexit.register(_hand_over)


def _pipe(stream: TextIO) -> TextIO:
    if isinstance(stream, Pipe) or not isinstance(stream, io.TextIOWrapper):
        return stream
    stream.flush()
    return Pipe(
        stream.buffer,
        encoding=stream.encoding,
        errors=stream.errors,
        line_buffering=stream.line_buffering,
        write_through=stream.write_through,
    )


def _hand_over() -> None:
    for stream in (sys.stdout, sys.stderr):
        with suppress(SystemExit, ValueError):
            stream.flush()
