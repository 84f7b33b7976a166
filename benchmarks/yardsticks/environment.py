"""Programs from PyPI in an environment of their own, as somebody would have them who uses them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def environment(folder: Path, *packages: str) -> Path:
    """Make an environment; returns the folder of its programs.

    :param folder: where; made here.
    :param packages: with their versions.
    """
    uv = str(Path(sys.executable).parent / "uv")
    python = folder / "bin" / "python"
    _run(uv, "venv", "--quiet", "--python", sys.executable, str(folder))
    _run(uv, "pip", "install", "--quiet", "--python", str(python), *packages)
    return folder / "bin"


def _run(*words: str) -> None:
    # None of this checkout's modules, and none of its settings of Airflow.
    left_out = ("PYTHONPATH", "VIRTUAL_ENV", "AIRFLOW")
    plain = {name: one for name, one in os.environ.items() if not name.startswith(left_out)}
    subprocess.run(words, env=plain, check=True)  # noqa: S603 - constant words
