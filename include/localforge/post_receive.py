"""What git runs after a push: ``python -m include.localforge.post_receive HOME GIT REPOSITORY``.

Standard library alone, since somebody waits for the push to end.
"""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from include.localforge.deliver import deliver
from include.localforge.payload import Change, push
from include.localforge.pull_requests import tell_of_updates
from include.localforge.state import ForgeHome

_HEADS = "refs/heads/"
_ROOT = Path(__file__).resolve().parent.parent.parent


def install(home: ForgeHome, repository: str) -> None:
    """Let a repository's pushes be told to its webhooks.

    :param home: the host's.
    :param repository: its full name, whose bare repository is there.
    """
    words = [sys.executable, "-m", __name__, str(home.folder), str(home.git), repository]
    hook = home.bare(repository) / "hooks" / "post-receive"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\nPYTHONPATH={shlex.quote(str(_ROOT))} exec {shlex.join(words)}\n")
    hook.chmod(0o755)


def main(folder: str, git: str, repository: str) -> None:
    """Tell what git says on standard input."""
    home = ForgeHome(folder=Path(folder), git=Path(git))
    changes = []
    # Names of refs are bytes to git.
    for line in sys.stdin.buffer:
        old, new, ref = line.rstrip(b"\n").decode(errors="replace").split(" ", 2)
        changes.append(Change(old=old, new=new, ref=ref))
    if changes:
        payload = push(repository, home.bare(repository), changes)
        for said in deliver(home, repository, "repo:push", payload):
            sys.stdout.write(f"{said}\n")
        heads = {one.ref.removeprefix(_HEADS) for one in changes if one.ref.startswith(_HEADS)}
        for said in tell_of_updates(home, repository, heads):
            sys.stdout.write(f"{said}\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
