"""Run pytest, and the files of what failed once more, alone.

A test beside real containers can fail because the machine was busy, and a whole run is too long
to be lost to that. What passes only when it is run again is named at the end, to be mended; a test
that fails twice fails, and where many fail at once nothing is run again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

#: More than this many are no accident.
MOST = 8
_FAILED = 1  # pytest's exit code where tests ran and some failed


def main(arguments: list[str], root: Path) -> int:
    """Run the tests.

    :param arguments: pytest's.
    :param root: where pytest runs and keeps its cache.
    :returns: the exit code: 0 where every test passed, at once or when it was run again.
    """
    code = _pytest(["--cache-clear", *arguments], root)
    failed = _last_failed(root)
    # What stopped early has not run the rest.
    stopped = any(one == "-x" or one.startswith(("--maxfail", "--exitfirst")) for one in arguments)
    if code != _FAILED or stopped or not 0 < len(failed) <= MOST:
        return code
    # Whole files: what a test leaves behind may be found in the end of a later one.
    files = sorted({test.partition("::")[0] for test in failed})
    print(f"\n{len(failed)} failed; run again, alone: {' '.join(files)}")
    code = _pytest([*arguments, "-n", "0", "--dist", "no", *files], root)
    if code == 0:
        print("\npassed only when they were run again, and should be mended:")
        print("".join(f"  {test}\n" for test in failed), end="")
    return code


def _pytest(arguments: list[str], root: Path) -> int:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *arguments], cwd=root, check=False
    ).returncode


def _last_failed(root: Path) -> list[str]:
    kept = root / ".pytest_cache/v/cache/lastfailed"
    return sorted(json.loads(kept.read_text())) if kept.exists() else []


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], Path(__file__).resolve().parent.parent))
