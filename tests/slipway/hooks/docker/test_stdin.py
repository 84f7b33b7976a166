from __future__ import annotations

import socket
from typing import Any
from unittest import mock

import docker
import docker.errors
import pytest

from slipway.exceptions import ContainerEngineError
from slipway.hooks.docker.stdin import attached


def client(stream: Any) -> Any:
    made = mock.create_autospec(docker.APIClient, instance=True)
    made.attach_socket.return_value = stream
    return made


def test_what_is_handed_over_arrives_and_the_line_is_closed() -> None:
    ours, theirs = socket.socketpair()
    engine = client(ours.makefile("wb", buffering=0))
    with attached(engine, "c", b"secret") as hand_over:
        assert engine.attach_socket.call_args.kwargs["params"] == {"stdin": 1, "stream": 1}
        hand_over()
        assert theirs.recv(100) == b"secret"
    ours.close()
    assert theirs.recv(100) == b""
    theirs.close()


def test_nothing_is_opened_for_a_container_that_reads_nothing() -> None:
    engine = client(None)
    with attached(engine, "c", None) as hand_over:
        hand_over()
    engine.attach_socket.assert_not_called()


def test_a_program_that_is_gone_already_may_say_why_itself() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    with attached(client(ours), "c", b"secret") as hand_over:
        hand_over()


def test_an_engine_that_goes_away_is_an_engines_failure() -> None:
    ours, theirs = socket.socketpair()
    ours.settimeout(0.1)
    with (
        attached(client(ours), "c", b"secret" * 10**6) as hand_over,
        pytest.raises(ContainerEngineError, match="cannot write to a container") as caught,
    ):
        hand_over()
    assert "secret" not in str(caught.value)
    theirs.close()
    engine = client(None)
    engine.attach_socket.side_effect = docker.errors.APIError("no")
    with pytest.raises(ContainerEngineError), attached(engine, "c", b"secret"):
        pass
