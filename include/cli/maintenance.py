"""``maintenance.py on|off|status``: let no new run begin, and say when those that had have ended.

It runs where Airflow's database is; docker-compose.yaml's image has it too.
"""

from __future__ import annotations

import argparse
import getpass
import os
import sys
import time
from datetime import UTC, datetime
from typing import TextIO

from slipway.hooks.airflow_maintenance import HeldUp, MaintenanceBook
from slipway.model.maintenance import Maintenance
from slipway.model.text.inert import visible

# The exit code of a wait that was in vain.
NOT_YET = 3
# Seconds between two looks.
_PAUSE = 5.0


def main(arguments: list[str] | None = None, out: TextIO | None = None) -> int:
    """Do what is asked for.

    :param arguments: of the command line.
    :param out: for what is said; stdout by default.
    :returns: 0, or 3 where runs have still to end after the time to wait for them.
    """
    # Let Airflow read its own database: this is no task.
    os.environ.setdefault("_AIRFLOW_PROCESS_CONTEXT", "server")
    given, book, out = _parse(arguments), MaintenanceBook(), out or sys.stdout
    if given.command == "off":
        ended = book.end(by=given.by)
        out.write("runs begin again\n" if ended else "there was no maintenance\n")
        return 0
    if given.command == "on":
        book.begin(by=given.by, why=given.why)
    if (maintenance := book.current()) is None:
        out.write("no maintenance: runs begin as they come\n")
        return 0
    tell(maintenance, out)
    return _wait(book, maintenance, given.wait, out)


def _parse(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="maintenance")
    parser.add_argument("command", choices=["on", "off", "status"])
    parser.add_argument("--why", default="", help="shown to whoever is held up")
    parser.add_argument("--by", default="", help="who wants it; off: of this one alone")
    parser.add_argument("--wait", type=float, default=0, help="seconds to wait until it is safe")
    given = parser.parse_args(arguments)
    if given.command == "on" and not given.why.strip():
        parser.error("--why is missing: whoever is held up is shown it")
    if given.command == "on":
        given.by = given.by or _login()
    return given


def _login() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        # A container's user has no name.
        return f"user {os.getuid()}"


def _wait(book: MaintenanceBook, maintenance: Maintenance, patience: float, out: TextIO) -> int:
    deadline, shown = time.monotonic() + patience, None
    while True:
        found = book.held_up(maintenance)
        if found != shown:
            tell_runs(found, out)
            shown = found
        if not found.ending or not patience:
            return 0
        if time.monotonic() > deadline:
            return NOT_YET
        time.sleep(_PAUSE)


def tell(maintenance: Maintenance, out: TextIO) -> None:
    """Say what holds."""
    since = datetime.fromtimestamp(maintenance.at, UTC).isoformat(timespec="seconds")
    by, why = visible(maintenance.by), visible(maintenance.why, 500)
    out.write(f"maintenance since {since}, by {by}: {why}\n")


def tell_runs(found: HeldUp, out: TextIO) -> None:
    """Say what has still to end, what waits, and whether it is safe."""
    out.writelines(f"  still running: {visible(one)}\n" for one in found.ending)
    out.writelines(f"  waits for a person, or its time: {visible(one)}\n" for one in found.asking)
    if found.waiting:
        out.write(f"  {found.waiting} begin afterwards\n")
    out.write("not yet safe\n" if found.ending else "it is safe: nothing runs\n")
    out.flush()


if __name__ == "__main__":
    raise SystemExit(main())
