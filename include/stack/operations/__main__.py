"""``python3 -m include.stack.operations backup|restore|upgrade|maintenance``; see docs/stack.md."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

from include.stack.operations import backup
from include.stack.operations.installation import (
    ROOT,
    Installation,
    OperationFailed,
    of,
    say,
)
from include.stack.operations.restore import restore
from include.stack.operations.upgrade import look, maintenance, upgrade

_BACKUPS = ROOT / ".slipway" / "backups"


def main() -> None:
    """Read the command line and obey.

    :raises OperationFailed: when it cannot be done.
    """
    parser = argparse.ArgumentParser(prog="python3 -m include.stack.operations")
    parser.add_argument("--variables", type=Path, help="the installation's; this clone's stack")
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("backup", "restore"):
        commands.add_parser(name).add_argument("folder", type=Path, nargs="?")
    upgrading = commands.add_parser("upgrade")
    upgrading.add_argument("--check", action="store_true", help="look, build, change nothing")
    upgrading.add_argument("--patience", type=float, default=3600, help="seconds for runs to end")
    commands.add_parser("maintenance", add_help=False)
    given, words = parser.parse_known_args()
    if words and given.command != "maintenance":
        parser.error(f"unknown: {' '.join(words)}")
    _do(of(given.variables), given, words)


def _do(installation: Installation, given: argparse.Namespace, words: list[str]) -> None:
    if given.command == "backup":
        folder = (given.folder or _new_folder()).absolute()
        backup.make(installation, folder)
        say(f"backed up to {folder}; the secrets are not in it: keep a copy of theirs elsewhere")
    elif given.command == "restore":
        restore(installation, _chosen(given.folder))
        say("restored")
    elif given.command == "maintenance":
        maintenance(installation, words)
    elif given.check:
        look(installation)
        say("nothing stands in the way of an upgrade")
    else:
        deliver = _deliver_clone if given.variables is None else partial(_tell_to_push, given)
        upgrade(installation, _new_folder(), patience=given.patience, deliver=deliver)


def _deliver_clone() -> bool:
    """Let the DAGs of this clone's own stack be those of the clone."""
    from include.stack.repositories import deliver_clone

    deliver_clone()
    return True


def _tell_to_push(given: argparse.Namespace) -> bool:
    off = f"python3 -m include.stack.operations --variables {given.variables} maintenance off"
    say(
        "upgraded, but for the DAG files: push your copy of the repository, so that they and the "
        f"package are of one version. No run begins until then; afterwards: {off}"
    )
    return False


def _new_folder() -> Path:
    return _BACKUPS / datetime.now(UTC).strftime("%Y-%m-%dT%H-%M-%SZ")


def _chosen(folder: Path | None) -> Path:
    """Return the backup that is meant; the last one where none is named."""
    if folder is not None:
        return folder.absolute()
    kept = sorted(one.parent for one in _BACKUPS.glob(f"*/{backup.NOTE}"))
    if not kept:
        msg = f"there is no backup in {_BACKUPS}; name its folder"
        raise OperationFailed(msg)
    say(f"the last backup, {kept[-1]}")
    return kept[-1]


if __name__ == "__main__":
    try:
        main()
    except OperationFailed as error:
        sys.exit(f"\n{error}")
