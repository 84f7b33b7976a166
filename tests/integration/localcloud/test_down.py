"""What a killed cloud leaves, and who removes it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.cloud_process import ROOT, command, serving
from tests.integration.localcloud.process import INSTALLATION, PORT, leftovers

pytestmark = pytest.mark.integration


def down(installation: str) -> None:
    argv = command("down", "--installation", installation)
    subprocess.run(argv, cwd=ROOT, check=True, capture_output=True)


def test_down_removes_what_a_killed_cloud_left(tmp_path: Path) -> None:
    with serving(tmp_path / "home", installation=INSTALLATION, port=PORT) as process:
        process.kill()
        process.wait()
        left = leftovers()
        down("test-cloud-that-never-was")
        assert leftovers() == left != []
        down(INSTALLATION)
        assert leftovers() == []


def test_one_home_serves_one_cloud(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with serving(home, installation=INSTALLATION, port=PORT) as process:
        alive = leftovers()
        second = command("serve", "--home", str(home), "--installation", INSTALLATION)
        done = subprocess.run(second, cwd=ROOT, check=False, capture_output=True, timeout=30)
        assert done.returncode != 0
        assert leftovers() == alive
        assert process.poll() is None
