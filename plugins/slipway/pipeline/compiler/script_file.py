"""Scripts that are too long for a variable: a file in the container of their step alone.

Linux takes 128 KiB in one variable. The file lies beside the image's own, not in the workspace,
where a commit and other steps would see it; like the variable it holds no secret's value.
"""

from __future__ import annotations

import io
import tarfile

from slipway.pipeline.compiler.script import AS_A_CHILD

# Bytes; shorter ones go as a variable, which costs nothing.
LONGEST_VARIABLE = 48 << 10
FOLDER, _NAME = "/", ".slipway-commands"
COMMAND = (AS_A_CHILD.format(f". {FOLDER}{_NAME}"),)


def packed(script: str) -> bytes:
    """Pack a script as a tar for :data:`FOLDER`: whoever the step runs as may read it."""
    data = script.encode()
    entry = tarfile.TarInfo(_NAME)
    entry.size, entry.mode = len(data), 0o444
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.addfile(entry, io.BytesIO(data))
    return archive.getvalue()
