"""Where the artifact store has what belongs to one run, or to what runs follow one another on."""

from __future__ import annotations

import hashlib

# Half of a SHA-256, in hexadecimal digits: a run's id may hold anything that somebody typed.
_DIGITS = 32
RUNS = "runs"
# What pipelines built, by release; and of what is only proposed, in its run's own folder.
BUILT = "built"


def run_folder(dag_id: str, run_id: str) -> str:
    """Return the folder of a run.

    :param dag_id: whose run.
    :param run_id: which run.
    """
    return _folder(f"{dag_id}\0{run_id}")


def line_folder(dag_id: str, line: str) -> str:
    """Return the folder of a branch, or a pull request, whose commits get runs.

    It lies among those of the runs, and goes as they do, once nothing was signed there for long. No
    run has its name: an id has no NUL.

    :param dag_id: whose runs.
    :param line: as :attr:`slipway.model.event.Event.line` has it.
    """
    return _folder(f"{dag_id}\0\0{line}")


def _folder(name: str) -> str:
    return f"{RUNS}/{hashlib.sha256(name.encode(errors='surrogateescape')).hexdigest()[:_DIGITS]}"
