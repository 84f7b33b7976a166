from __future__ import annotations

import errno
import itertools
import os
import random
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from unittest import mock

import pytest

from slipway.hooks.disk_queue import BLOCK, Spill, Spool


def _all(kept: Spill) -> bytes:
    return b"".join(iter(kept.pop, b""))


def test_what_goes_in_comes_out_in_order_by_way_of_the_disk() -> None:
    kept, rng = Spill(), random.Random(7)
    went_in, came_out = bytearray(), bytearray()
    for _ in range(60):
        for _ in range(rng.randrange(6)):
            data = rng.randbytes(rng.randrange(1 << 19))
            kept.append(data)
            went_in += data
        if rng.random() < 0.7:
            came_out += kept.pop()
    came_out += _all(kept)
    assert came_out == went_in
    assert len(kept) == 0


def test_nobody_finds_a_file_or_a_secret_on_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    kept = Spill()
    kept.append(b"s3cr3t-T0ken " * 500_000)
    assert kept._file is not None
    assert list(tmp_path.iterdir()) == []
    status = os.fstat(kept._file.fileno())
    assert status.st_size > 4 << 20
    assert (stat.S_IMODE(status.st_mode), status.st_nlink) == (0o600, 0)
    assert b"s3cr3t" not in os.pread(kept._file.fileno(), status.st_size, 0)
    assert _all(kept) == b"s3cr3t-T0ken " * 500_000


def test_two_blocks_of_the_same_text_look_different_on_disk() -> None:
    kept = Spill()
    kept.append(bytes(3 * BLOCK + 1))
    assert kept._file is not None
    one, two = (os.pread(kept._file.fileno(), 64, at * (BLOCK + 16)) for at in (0, 1))
    assert one != two


def test_its_place_on_disk_is_used_again() -> None:
    kept = Spill(disk=4 * BLOCK)
    for _ in range(50):
        kept.append(bytes(3 * BLOCK + 1))
        assert not kept.full
        _all(kept)
    assert kept._file is not None
    assert os.fstat(kept._file.fileno()).st_size <= 4 * (BLOCK + 16)


@pytest.mark.parametrize("disk", [0, 2 * BLOCK])
def test_a_full_disk_is_told_and_nothing_is_lost(disk: int) -> None:
    kept = Spill(disk=disk)
    data = b"".join(number.to_bytes(4, "big") for number in range(BLOCK))
    kept.append(data)
    assert kept.full
    assert _all(kept) == data
    assert not kept.full


def test_a_disk_that_refuses_is_as_good_as_a_full_one() -> None:
    kept = Spill()
    refused = OSError(errno.ENOSPC, "no space left on device")
    with mock.patch.object(os, "pwrite", autospec=True, side_effect=refused):
        kept.append(b"x" * (2 * BLOCK))
    assert kept.full
    kept.append(b"y")
    assert _all(kept) == b"x" * (2 * BLOCK) + b"y"


def test_a_disk_that_takes_half_a_block_is_full_as_well() -> None:
    kept = Spill()
    with mock.patch.object(os, "pwrite", autospec=True, return_value=BLOCK // 2):
        kept.append(b"x" * (2 * BLOCK))
    assert kept.full
    assert _all(kept) == b"x" * (2 * BLOCK)


def test_no_folder_for_temporary_files_is_no_reason_to_lose_lines() -> None:
    kept = Spill()
    missing = FileNotFoundError("no usable temporary directory")
    with mock.patch.object(tempfile, "TemporaryFile", autospec=True, side_effect=missing):
        kept.append(b"x" * (2 * BLOCK))
    assert kept.full
    assert _all(kept) == b"x" * (2 * BLOCK)


def test_whoever_writes_does_not_wait_for_whoever_reads() -> None:
    spool = Spool()
    began = time.monotonic()
    for _ in range(100):
        spool.put(bytes(1 << 17))
    assert time.monotonic() - began < 5
    spool.end()
    assert sum(len(data) for data in iter(spool.take, b"")) == 100 << 17


def test_beyond_the_disk_whoever_writes_waits_and_nothing_is_lost() -> None:
    spool = Spool(disk=0)
    numbers = itertools.count()

    def write() -> None:
        for _ in range(400):
            spool.put(next(numbers).to_bytes(2, "big") * (1 << 13))
        spool.end()

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    time.sleep(0.2)
    assert writer.is_alive()
    whole = b"".join(iter(spool.take, b""))
    assert whole == b"".join(number.to_bytes(2, "big") * (1 << 13) for number in range(400))


def test_what_is_abandoned_holds_nobody_up() -> None:
    spool = Spool(disk=0)
    spool.put(bytes(2 * BLOCK))
    writer = threading.Thread(target=spool.put, args=(b"more",), daemon=True)
    writer.start()
    assert spool.abandon() == 2 * BLOCK
    writer.join(5)
    assert not writer.is_alive()
    assert spool.take() == b""


def test_a_worker_that_is_killed_leaves_nothing_on_disk(tmp_path: Path) -> None:
    script = (
        "import os, signal; from slipway.hooks.disk_queue import Spill; kept = Spill()\n"
        "kept.append(bytes(5 << 20)); assert kept._file is not None\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert killed.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []
