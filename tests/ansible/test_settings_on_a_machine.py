"""What the real systemd makes of the files that a machine's service gets its settings from."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.ansible.settings import ROLE, VALUES, environment_file, reader
from tests.include.images.containers import (
    MACHINE,
    Containers,
    booted,
    eventually,
    execute,
    sh,
    tar,
)

pytestmark = pytest.mark.integration
SHOW = "cat /proc/self/environ"
WRITTEN = "/play/app.env"


def _play() -> bytes:
    """Return a play that writes the settings as the role does, but to another place."""
    task = yaml.safe_load((ROLE / "tasks" / "settings.yml").read_text())[0]
    task["ansible.builtin.command"]["argv"][-1] = WRITTEN
    play = {"hosts": "localhost", "connection": "local", "gather_facts": False, "tasks": [task]}
    return json.dumps([play]).encode()


def _environment(containers: Containers, text: str) -> dict[str, str]:
    """Return what a unit with this EnvironmentFile has in its environment."""
    machine = containers.start("slipway/machine:12", **MACHINE)
    eventually(lambda: booted(machine))
    machine.put_archive("/root", tar({"given.env": text.encode()}))
    run = ("systemd-run", "--wait", "--pipe", "--quiet", "-p", "EnvironmentFile=/root/given.env")
    code, output = execute(machine, *run, "cat", "/proc/self/environ")
    assert code == 0, output
    assert "Ignoring invalid" not in sh(machine, "journalctl --no-pager")
    pairs = (one.split("=", 1) for one in output.decode().split("\0") if "=" in one)
    return dict(pairs)


def test_secrets_reach_a_unit_letter_by_letter(containers: Containers) -> None:
    line = reader().line
    text = "".join(line(name, value) for name, value in VALUES.items())
    got = _environment(containers, text)
    assert {name: got.get(name) for name in VALUES} == VALUES
    assert "EVIL" not in got


def test_settings_go_through_ansible_and_systemd_letter_by_letter(
    containers: Containers, tmp_path: Path
) -> None:
    given = {"app_config": {one: {"__ansible_unsafe": VALUES[one]} for one in VALUES}}
    files = {
        "play/vars.json": json.dumps(given).encode(),
        "play/play.yml": _play(),
        "play/app.env.j2": (ROLE / "templates/app.env.j2").read_bytes(),
    }
    play = "ansible-playbook -i localhost, --extra-vars @/play/vars.json /play/play.yml >&2"
    toolbox = containers.start("slipway/toolbox:1", "sleep", "600", files=files)
    sh(toolbox, play)
    code, written = execute(toolbox, "cat", WRITTEN)
    assert code == 0
    assert environment_file(written.decode()) == VALUES
    got = _environment(containers, written.decode())
    assert {name: got.get(name) for name in VALUES} == VALUES
    assert "EVIL" not in got


def test_no_settings_at_all_are_a_file_without_any(containers: Containers) -> None:
    files = {
        "play/play.yml": _play(),
        "play/app.env.j2": (ROLE / "templates/app.env.j2").read_bytes(),
    }
    toolbox = containers.start("slipway/toolbox:1", "sleep", "600", files=files)
    sh(toolbox, "ansible-playbook -i localhost, -e '{\"app_config\": {}}' /play/play.yml")
    assert sh(toolbox, f"stat -c '%a %U' {WRITTEN} && cat {WRITTEN}") == "644 root"
