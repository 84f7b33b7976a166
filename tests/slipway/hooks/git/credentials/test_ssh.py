"""Keys are handed to ssh, which finds nothing by itself."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import Connection

from slipway.hooks.git.connection import git_mirror
from slipway.hooks.git.credentials import Login, with_key
from tests.slipway.hooks.git.credentials import servers
from tests.slipway.hooks.git.credentials.servers import CONNECTIONS, spy

installation = servers.installation


def _ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, connection: str | None) -> Any:
    """Ask a repository by ssh; returns what ssh was called with, and what it would do with it."""
    note = tmp_path / "note"
    # What the key and the hosts are is seen from ssh's own place, as a child of git's.
    spy(
        tmp_path,
        monkeypatch,
        "ssh",
        f'printf "%s\\n" "$@" > {note}; /usr/bin/ssh -G "$@" > {note}.effective\n'
        f"for file in $(grep -o '/proc/[0-9]*/fd/[0-9]*' {note}); do\n"
        f'  stat -L -c %a "$file" >> {note}.modes; cat "$file" >> {note}.read; done; exit 255',
    )
    with pytest.raises(Exception, match=r"does not answer|refused us"):
        git_mirror(url, connection).head("main")
    lines = Path(f"{note}.effective").read_text().splitlines()
    effective = dict(line.partition(" ")[::2] for line in lines)
    return note.read_text(), effective


@pytest.mark.parametrize("url", ["ssh://git@127.0.0.1:1/org/x", "git@127.0.0.1:org/x"])
def test_ssh_without_a_connection_finds_no_key_agent_or_settings(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
    monkeypatch.setenv("GIT_SSH_COMMAND", "ssh -i /root/.ssh/id_rsa")
    said, effective = _ssh(tmp_path, monkeypatch, url, None)
    assert "-F\n/dev/null" in said
    assert effective["identityagent"] == "none"
    assert effective["identityfile"] == "none"
    assert effective["identitiesonly"] == "yes"
    assert effective["stricthostkeychecking"] == "accept-new"
    assert effective["batchmode"] == "yes"
    hosts = Path(effective["userknownhostsfile"])
    assert hosts.parent == tmp_path / "mirrors"


def test_a_key_is_handed_over_without_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True
    )
    key = (tmp_path / "id").read_text()
    (tmp_path / "id").unlink()
    known = "127.0.0.1 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKnown"
    extra = json.dumps({"private_key": key, "known_hosts": known})
    connection = Connection(conn_id="key", conn_type="git", extra=extra)
    monkeypatch.setitem(CONNECTIONS, "key", connection)
    said, effective = _ssh(tmp_path, monkeypatch, "ssh://git@127.0.0.1:1/x", "key")
    assert effective["identityfile"].startswith("/proc/")
    assert effective["identityagent"] == "none"
    assert effective["userknownhostsfile"].startswith("/proc/")
    assert effective["globalknownhostsfile"] == "/dev/null"
    assert effective["stricthostkeychecking"] in ("true", "yes")
    assert set(Path(f"{tmp_path}/note.modes").read_text().split()) == {"600"}
    assert Path(f"{tmp_path}/note.read").read_text() == f"{key.strip()}\n{known}\n"
    assert "OPENSSH PRIVATE KEY" not in said


def test_ssh_takes_a_key_that_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "id")], check=True
    )
    login = Login(private_key=(tmp_path / "id").read_text())
    with with_key(login, tmp_path / "hosts") as environment:
        command = shlex.split(environment["GIT_SSH_COMMAND"])
        key = command[command.index("-i") + 1]
        public = subprocess.run(["ssh-keygen", "-y", "-f", key], check=True, capture_output=True)
    assert public.stdout.split()[1] == (tmp_path / "id.pub").read_bytes().split()[1]
    assert not Path(key).exists()


def test_a_host_that_is_believed_at_first_is_said_to_be(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    extra = json.dumps({"private_key": "x"})
    monkeypatch.setitem(CONNECTIONS, "key", Connection(conn_id="key", conn_type="git", extra=extra))
    _ssh(tmp_path, monkeypatch, "ssh://git@127.0.0.1:1/x", "key")
    assert "ssh://git@127.0.0.1:1/x is believed to be who it says" in caplog.text
