from __future__ import annotations

import io
import subprocess
import tarfile
from pathlib import Path

from slipway.hooks.tars import append, pack


def test_a_tar_of_git_goes_on_with_another_and_the_last_of_a_name_wins(tmp_path: Path) -> None:
    (tmp_path / "zeros").write_bytes(bytes(30_000))  # looks like the end of a tar
    (tmp_path / "a").write_text("of the sources")
    git = ("git", "-c", "user.name=a", "-c", "user.email=a@b", "-C", str(tmp_path))
    for words in (("init", "-q"), ("add", "-A"), ("commit", "-qm", "x")):
        subprocess.run([*git, *words], check=True)
    archive = subprocess.run([*git, "archive", "HEAD"], check=True, capture_output=True).stdout
    first = io.BytesIO(archive)
    append(first, io.BytesIO(pack({"a": b"built", "bin/shop": b"program"})))
    with tarfile.open(fileobj=first) as joined:
        assert joined.getnames() == ["a", "zeros", "a", "bin/shop"]
        joined.extractall(tmp_path / "out", filter="data")
    assert (tmp_path / "out" / "a").read_text() == "built"
    assert (tmp_path / "out" / "zeros").stat().st_size == 30_000
