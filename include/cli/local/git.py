"""git in a folder of somebody's own machine."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

# A hook of git's has these set, and means another repository by them, or another index.
_ELSEWHERE = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")


def local_git(folder: Path, *arguments: str, given: bytes = b"") -> str:
    """Run git, and return what it prints, without ends of lines around; nothing when it fails.

    :param folder: where it runs.
    :param arguments: after ``git``.
    :param given: what it reads.
    """
    environment = {name: value for name, value in os.environ.items() if name not in _ELSEWHERE}
    done = subprocess.run(  # noqa: S603 - constant words; the folder is the person's own
        ["git", "-C", str(folder), *arguments],  # noqa: S607
        capture_output=True,
        check=False,
        env=environment,
        input=given,
    )
    return os.fsdecode(done.stdout).strip("\n") if done.returncode == 0 else ""
