from __future__ import annotations

import hashlib
import os
import signal
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path

import pytest

from slipway.exceptions import RepositoryTooLarge, SlipwayError
from slipway.hooks.git import command as git_command
from slipway.hooks.git.command import GitCommandFailed, bounded, git
from slipway.hooks.git.mirror import GitMirror
from slipway.model.git.deliverable import Deliverable
from tests.fakes.git_server import Repository

_BASE = b"\0" * 0xFFFFFF


def _size(number: int, first: int = 0, bits: int = 7) -> bytes:
    """Write a number as a pack does, behind the bits of an object's type."""
    made, part = bytearray(), first | number & ((1 << bits) - 1)
    number >>= bits
    while number:
        made.append(part | 0x80)
        part, number = number & 0x7F, number >> 7
    return bytes([*made, part])


def _sha(kind: str, *parts: bytes) -> bytes:
    name = hashlib.sha1(f"{kind} {sum(map(len, parts))}\0".encode())
    for part in parts:
        name.update(part)
    return name.digest()


def _bomb(times: int) -> tuple[bytes, str]:
    """Make a pack of a commit whose one file is a delta: ``times`` the same 16 MiB."""
    base, large = _sha("blob", _BASE), _sha("blob", *[_BASE] * times)
    delta = _size(len(_BASE)) + _size(len(_BASE) * times) + b"\xf0\xff\xff\xff" * times
    tree = b"100644 base\0" + base + b"100644 large\0" + large
    person = b"A <a@b> 1700000000 +0000\n"
    commit = b"tree " + _sha("tree", tree).hex().encode() + b"\nauthor " + person
    commit += b"committer " + person + b"\nx\n"
    pack = b"PACK" + struct.pack(">II", 2, 4)
    for kind, of, data in ((3, b"", _BASE), (7, base, delta), (2, b"", tree), (1, b"", commit)):
        pack += _size(len(data), kind << 4, 4) + of + zlib.compress(data, 9)
    return pack + hashlib.sha1(pack).digest(), _sha("commit", commit).hex()


def test_a_pack_of_deltas_that_come_to_gigabytes_has_a_limit_and_stops_no_delivered_branch(
    repository: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    main = repository.commit(readme="one")
    pack, sha = _bomb(times=40)
    subprocess.run(
        ["git", "index-pack", "--stdin"],
        cwd=repository.path,
        input=pack,
        check=True,
        capture_output=True,
    )
    repository.git("update-ref", "refs/heads/topic", sha)
    assert f"--as={4 << 30}" in bounded()
    monkeypatch.setattr(git_command, "MOST_MEMORY", 512 << 20)
    bounded.cache_clear()
    try:
        mirror = GitMirror(url=repository.url, root=tmp_path)
        assert mirror.find("main", delivered=Deliverable(branch="main")).sha == main
        with pytest.raises(RepositoryTooLarge, match="GiB of memory"):
            mirror.find("main")
    finally:
        bounded.cache_clear()


def test_a_failure_of_gits_that_nobody_expects_is_one_of_slipways(tmp_path: Path) -> None:
    with pytest.raises(SlipwayError):
        git("rev-parse", "HEAD", cwd=tmp_path)


def _runs(marker: str) -> bool:
    for command in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if marker.encode() in command.read_bytes():
                return True
        except OSError:
            continue
    return False


def _gone(marker: str) -> bool:
    for _ in range(50):
        if not _runs(marker):
            return True
        time.sleep(0.1)
    return False


def test_a_helper_that_waits_for_a_silent_server_ends_with_git(tmp_path: Path) -> None:
    """Its command is longer in coming than git's own end."""
    script = tmp_path / f"silent-{os.getpid()}"
    script.write_text("#!/bin/sh\nsleep 60\n")
    script.chmod(0o755)
    with pytest.raises(GitCommandFailed, match="longer than 1 s"):
        git(
            "ls-remote",
            "ssh://git@127.0.0.1/x",
            limit=1,
            environment={"GIT_SSH_COMMAND": str(script)},
        )
    assert _gone(script.name)


def test_git_ends_with_the_worker_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / f"orphan-{os.getpid()}"
    script.write_text("#!/bin/sh\nread line\n")
    script.chmod(0o755)
    code = (
        "from slipway.hooks.git.command import git\n"
        f"git('ls-remote', 'ssh://git@127.0.0.1/x', environment={{'GIT_SSH_COMMAND': '{script}'}})"
    )
    worker = subprocess.Popen([sys.executable, "-c", code])
    for _ in range(100):
        if _runs(script.name):
            break
        time.sleep(0.1)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    assert _gone(script.name)
