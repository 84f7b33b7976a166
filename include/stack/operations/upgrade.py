"""An upgrade of an installation to what this clone holds, with a look beforehand.

Whatever can fail without anybody noticing comes first: the files are read, the image is built, and
the new image reaches the database. Then no new run begins, those that had have ended, a backup is
made, and the new version is started. Killed anywhere, it is run again.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from include.stack.operations import backup
from include.stack.operations.installation import (
    Installation,
    OperationFailed,
    build_arguments,
    say,
)

BY = "upgrade"
_IN_NEW_IMAGE = ("run", "--rm", "--no-deps", "-T", "--entrypoint")
_MAINTENANCE = (*_IN_NEW_IMAGE, "python", "init", "/usr/lib/slipway/maintenance.py")
# Seconds that new containers have to become healthy.
_HEALTHY_WITHIN = 600.0
_HEALTH = "{{.Name}} {{if .State.Running}}{{if .State.Health}}{{.State.Health.Status}}{{end}}"
_HEALTH += "{{else}}ended with {{.State.ExitCode}}{{end}}"


def look(installation: Installation) -> None:
    """Look at all that an upgrade needs, and build the image; nothing that runs is changed.

    :param installation: what is to be upgraded.
    :raises OperationFailed: when something is missing.
    """
    say("looking at what an upgrade needs")
    installation.compose("config", "--quiet", timeout=120)
    backup.fingerprint(installation)
    if not installation.told("ps", "-q", "postgres"):
        msg = "nothing runs here that could be upgraded: `docker compose up -d` starts it"
        raise OperationFailed(msg)
    installation.compose("build", *build_arguments(), "init")
    installation.compose(*_IN_NEW_IMAGE, "airflow", "init", "db", "check")


def upgrade(
    installation: Installation,
    kept: Path,
    *,
    patience: float,
    deliver: Callable[[], bool],
) -> None:
    """Upgrade an installation.

    :param installation: what is upgraded.
    :param kept: the folder that a backup is made in beforehand.
    :param patience: seconds that running runs have to end.
    :param deliver: puts the new version's DAGs in place, before a run of theirs begins; False
        where that is somebody else's to do, who lets runs begin afterwards.
    :raises OperationFailed: naming what to do; runs are held up until then.
    """
    look(installation)
    say("no new run begins from now on")
    on = ("on", "--by", BY, "--why", "Slipway is being upgraded", "--wait", str(int(patience)))
    try:
        installation.compose(*_MAINTENANCE, *on, timeout=patience + 300)
    except OperationFailed as error:
        msg = (
            "runs have not ended, as told above, and nothing was upgraded. Run it again once they "
            "have; or let new ones begin: `python3 -m include.stack.operations maintenance off`"
        )
        raise OperationFailed(msg) from error
    workers = max(1, installation.workers())
    backup.make(installation, kept)
    say(f"backed up to {kept}; starting the new version")
    installation.compose("up", "-d", "--remove-orphans", "--scale", f"worker={workers}")
    _wait(installation, kept)
    if not deliver():
        return
    installation.compose(*_MAINTENANCE, "off", "--by", BY)
    say("upgraded")


def end_of_upgrade(installation: Installation) -> None:
    """Let runs begin where an upgrade held them up, as one that a backup was made in the middle of.

    What a person wanted stays. An older image knows of no maintenance, and holds nothing up.

    :param installation: that was restored.
    """
    with suppress(OperationFailed):
        installation.compose(*_MAINTENANCE, "off", "--by", BY)


def maintenance(installation: Installation, words: list[str]) -> None:
    """Begin or end the maintenance of an installation, or say how far it is.

    :param installation: what is maintained.
    :param words: as ``include/cli/maintenance.py`` takes them.
    """
    installation.compose(*_MAINTENANCE, *words)


def unwell(installation: Installation) -> list[str]:
    """Return the containers that are not as they should be, each with its state."""
    names = installation.told("ps", "-q").split()
    asked = ["docker", "inspect", "--format", _HEALTH, *names]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)  # noqa: S603
    # What does its work once ends with 0; the others would say that they run.
    fine = (" healthy", " ended with 0")
    return [line for line in done.stdout.splitlines() if not line.endswith(fine)]


def _wait(installation: Installation, kept: Path) -> None:
    deadline = time.monotonic() + _HEALTHY_WITHIN
    while found := unwell(installation):
        if time.monotonic() > deadline:
            told = "\n".join(found)
            msg = (
                f"not healthy after {_HEALTHY_WITHIN:.0f} s, and no run begins as long as that is "
                f"so:\n{told}\nMend it and run this again, or go back: the older image by "
                f"SLIPWAY_IMAGE, and the database from {kept} (docs/stack.md)"
            )
            raise OperationFailed(msg)
        time.sleep(2)
