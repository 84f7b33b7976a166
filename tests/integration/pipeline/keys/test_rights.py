"""What a container may do, by its project's trust."""

from __future__ import annotations

import socket
from typing import TYPE_CHECKING

import pytest

from tests.integration.pipeline.keys import projects
from tests.integration.pipeline.keys.projects import DEBIAN

if TYPE_CHECKING:
    from pathlib import Path

    from tests.integration.pipeline.project import Project

pytestmark = pytest.mark.integration
project = projects.project


def test_the_containers_own_keys(project: Project) -> None:
    result = project.run(
        f"""
steps:
- name: user
  {DEBIAN}
  user: "1234"
  working_dir: /var/tmp
  shell: /bin/bash
  commands: ['echo "$(id -u) $PWD ${{BASH_VERSION:+bash}}"']
- {{name: command, {DEBIAN}, entrypoint: [/bin/echo, one], command: [two]}}
- name: plugin
  {DEBIAN}
  settings: {{tags: [a, b], flag: yes, map: {{k: 1}}}}
  entrypoint: [sh, -c]
  command: ['env | grep PLUGIN_ | sort']
- name: memory
  {DEBIAN}
  mem_limit: 32m
  failure: ignore
  commands: ["head -c 100000000 /dev/zero | tail"]
"""
    )
    assert result.tails["user"][-1] == "1234 /var/tmp bash"
    assert result.tails["command"] == ("one two",)
    assert result.tails["plugin"] == ("PLUGIN_FLAG=true", 'PLUGIN_MAP={"k":1}', "PLUGIN_TAGS=a,b")
    assert result.steps[3].exit_code in (1, 137)
    assert any("Killed" in line or "memory" in line for line in result.tails["memory"])


def test_what_a_trusted_project_may_do(project: Project, tmp_path: Path) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    (tmp_path / "shown").write_text("of the host")
    result = project.run(
        f"""
volumes:
- {{name: folder, host: {{path: {tmp_path}}}}}
- {{name: null-device, host: {{path: /dev/null}}}}
services:
- name: web
  image: python:3.11
  ports: ["{port}:8000"]
  commands: [python3 -m http.server 8000]
steps:
- name: look
  {DEBIAN}
  volumes: [{{name: folder, path: /folder}}]
  devices: [{{name: null-device, path: /dev/black-hole}}]
  dns: [192.0.2.1]
  dns_search: [slipway.example]
  extra_hosts: ["far:192.0.2.7"]
  commands:
  - cat /folder/shown; echo
  - test -c /dev/black-hole
  - getent ahostsv4 far  # of both kinds of address, only one is there without that DNS
  - grep -h . /etc/resolv.conf
- name: host-network
  image: python:3.11
  network_mode: host
  commands:
  - python3 -c "import urllib.request as u; print(u.urlopen('http://127.0.0.1:{port}').status)"
""",
        trusted=True,
    )
    assert [step.state for step in result.steps] == ["passed", "passed"], project.log
    assert "of the host" in result.tails["look"]
    assert any(line.split() == ["192.0.2.7", "STREAM", "far"] for line in result.tails["look"])
    assert any("slipway.example" in line for line in result.tails["look"])
    assert result.tails["host-network"][-1] == "200"


def test_an_untrusted_container_has_few_rights(project: Project) -> None:
    result = project.run(
        f"steps: [{{name: a, {DEBIAN}, "
        "commands: ['grep -E \"CapEff|NoNewPrivs\" /proc/self/status',"
        " 'ls /var/run/docker.sock /dev | sort']}]"
    )
    tail = " ".join(result.tails["a"]).replace("\t", " ")
    # CHOWN, DAC_OVERRIDE, FOWNER, FSETID, KILL, SETGID, SETUID, NET_BIND_SERVICE; no NET_RAW.
    assert "CapEff: 00000000000004fb" in tail
    assert "NoNewPrivs: 1" in tail
    assert "cannot access '/var/run/docker.sock'" in tail
