from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from include.demo import prerequisites


def _machine(monkeypatch: pytest.MonkeyPatch, *, has: set[str], root: bool, engine: bool) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}" if name in has else None)
    monkeypatch.setattr(os, "geteuid", lambda: 0 if root else 1000)
    monkeypatch.setattr(prerequisites, "engine_answers", lambda: engine)
    monkeypatch.setattr(prerequisites, "VENV", Path("/"))  # exists


def test_a_ready_machine_needs_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, has={"git", "mmdebstrap"}, root=False, engine=True)
    assert prerequisites.missing_packages() == []
    assert prerequisites.obstacles([]) == []


def test_a_browser_is_installed_for_the_tests_that_need_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _machine(monkeypatch, has={"git", "mmdebstrap", "apt-get"}, root=True, engine=True)
    assert prerequisites.missing_packages(["chromium"]) == ["chromium"]


def test_root_may_install_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, has={"git", "apt-get"}, root=True, engine=False)
    missing = prerequisites.missing_packages()
    assert missing == ["mmdebstrap", "docker.io"]
    assert prerequisites.obstacles(missing) == []


def test_others_are_told_what_is_missing_and_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    _machine(monkeypatch, has={"apt-get"}, root=False, engine=False)
    told = "\n".join(prerequisites.obstacles(prerequisites.missing_packages()))
    for package in ("git", "mmdebstrap", "docker.io"):
        assert f"{package} is missing: as root, apt-get install {package}" in told


def test_nothing_is_done_on_a_machine_that_is_not_ready(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _machine(monkeypatch, has=set(), root=False, engine=False)
    monkeypatch.setattr(prerequisites, "HOME", tmp_path / "home")
    with pytest.raises(SystemExit, match="nothing was changed"):
        prerequisites.main()
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("name", ["constraints.txt", "requirements-uv.txt"])
def test_a_package_swapped_on_the_index_cannot_be_installed(name: str) -> None:
    """Every distribution has the hashes that it was chosen with."""
    text = (prerequisites.ROOT / name).read_text().replace(" \\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert lines
    assert [line for line in lines if "--hash=sha256:" not in line] == []


def test_the_environment_is_installed_by_hash(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(prerequisites, "VENV", tmp_path)
    monkeypatch.setattr(prerequisites, "_run", lambda argv, _: commands.append(argv))
    prerequisites.make_venv()
    *installs, slipway = [command for command in commands if "install" in command]
    assert len(installs) == 2
    assert all("--require-hashes" in command for command in installs)
    # Slipway itself is what lies here; nothing else comes along, and no tool to build it.
    assert {"--no-deps", "--no-build-isolation"} < set(slipway)
    commands.clear()
    prerequisites.make_venv()  # the stamp is there
    assert commands == []
