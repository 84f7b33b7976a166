"""What aptly knows of the repository, kept in the bucket: any container engine can publish then.

This file is sent into the toolbox's container as it is, and runs there; nothing of Slipway is
beside it. aptly's database goes into the bucket as a tar with a signature of the repository's own
key beside it, so whoever may write the bucket cannot have a package signed by it. Packages
themselves stay where they are published: aptly opens none that the bucket has already.

Commands, each with a file of JSON that holds the URLs: ``fetch``, ``store``.
"""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import sys
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# How it ends where the reason matters: the state is somebody else's by now; the state
# was not signed by this key.
LOST, UNSIGNED = 28, 29
_TAR, _SIGNATURE = "state.tar.gz", "state.sig"
_TIMEOUT = 60
_QUICKER = (409, 412)
# gzip's quickest: packages' fields are a third of their size then, and hardly less with more.
_LEVEL = 1


def fetch(told: dict[str, Any], root: Path, work: Path) -> int:
    """Put the database in place that the bucket has."""
    packed, _ = _send("GET", told["fetch"], {"If-Match": told["etag"]})
    try:
        with tarfile.open(fileobj=io.BytesIO(packed)) as outer:
            for name in (_TAR, _SIGNATURE):
                member = outer.extractfile(name)
                (work / name).write_bytes(member.read() if member else b"")
    except (tarfile.TarError, KeyError):
        return UNSIGNED
    if _gpg("--verify", work / _SIGNATURE, work / _TAR):
        return UNSIGNED
    _marker(root).unlink(missing_ok=True)
    new = root / "db.new"
    shutil.rmtree(new, ignore_errors=True)
    with tarfile.open(work / _TAR) as inner:
        inner.extractall(new)  # noqa: S202 - the key's own
    shutil.rmtree(root / "db", ignore_errors=True)
    new.rename(root / "db")
    _remember(root, told, told["etag"])
    return 0


def store(told: dict[str, Any], root: Path, work: Path) -> int:
    """Put the database into the bucket, in place of the one that this one was made of."""
    with tarfile.open(work / _TAR, "w:gz", compresslevel=_LEVEL) as inner:
        inner.add(root / "db", arcname=".")
    (work / _SIGNATURE).unlink(missing_ok=True)
    if _gpg("--detach-sign", "--output", work / _SIGNATURE, work / _TAR):
        return 1
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as outer:
        for name in (_TAR, _SIGNATURE):
            outer.add(work / name, arcname=name)
    # What it was stored as a moment ago, where it is stored twice.
    earlier = work / "etag"
    etag = earlier.read_text() if earlier.exists() else told["etag"]
    condition = {"If-Match": etag} if etag else {"If-None-Match": "*"}
    headers = {"Content-Type": "application/octet-stream", **condition}
    _, etag = _send("PUT", told["store"], headers, packed.getvalue())
    earlier.write_text(etag)
    _remember(root, told, etag)
    return 0


def _send(
    method: str, url: str, headers: dict[str, str] | None = None, body: bytes | None = None
) -> tuple[bytes, str]:
    """Return the answer's body and ETag; a condition that is not met is somebody else's doing."""
    asked = urllib.request.Request(url, body, headers or {}, method=method)  # noqa: S310 - signed
    try:
        with urllib.request.urlopen(asked, timeout=_TIMEOUT) as answer:  # noqa: S310 - as above
            return answer.read(), answer.headers.get("ETag", "")
    except urllib.error.HTTPError as error:
        if error.code in _QUICKER:
            raise SystemExit(LOST) from error
        raise


def _gpg(*argv: str | Path) -> int:
    """Run gpg itself, not what stands before it for aptly."""
    command = ["/usr/bin/gpg", "--batch", "--quiet", *argv]
    done = subprocess.run(command, check=False, capture_output=True)  # noqa: S603 - Slipway's words
    if done.returncode:
        sys.stderr.write(done.stderr.decode(errors="replace"))
    return done.returncode


def _marker(root: Path) -> Path:
    return root / "slipway.state"


def _remember(root: Path, told: dict[str, Any], etag: str) -> None:
    _marker(root).write_text(f"{told['where']} {etag}\n")


def main(command: str, told: str, *paths: str) -> int:
    """Do what a command says.

    :param command: the first word of the command line.
    :param told: a file of JSON.
    :param paths: what the command works on.
    :returns: the exit code.
    """
    commands: dict[str, Any] = {"fetch": fetch, "store": store}
    done: int = commands[command](json.loads(Path(told).read_text()), *map(Path, paths))
    return done


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
