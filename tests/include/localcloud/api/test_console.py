"""The console of a machine is its own."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlencode
from xml.etree import ElementTree

import pytest

from include.localcloud.api.console import with_consoles
from include.localcloud.state import CloudState

PASSED = b"moto's"


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    state = CloudState(region="eu-west-1")
    monkeypatch.setattr(CloudState, "instances", lambda _: [SimpleNamespace(id="i-1")])

    def moto(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK", [])
        return [PASSED + environ["wsgi.input"].read()]

    application = with_consoles(
        moto, state=state, console=lambda name: f"{name} says <hello>\n".encode() * 9000
    )

    def ask(**form: str) -> bytes:
        body = urlencode(form).encode()
        environ = {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
        }
        return b"".join(application(environ, lambda *_: None))

    return ask


def test_a_machine_says_what_it_said_last(ask: Callable[..., bytes]) -> None:
    answer = ElementTree.fromstring(ask(Action="GetConsoleOutput", InstanceId="i-1"))
    found = {one.tag.partition("}")[2]: one.text or "" for one in answer}
    output = base64.b64decode(found["output"])
    assert found["instanceId"] == "i-1"
    assert len(output) == 65536
    assert output.endswith(b"i-1 says <hello>\n")


def test_all_else_is_motos_with_its_body(ask: Callable[..., bytes]) -> None:
    assert ask(Action="DescribeInstances") == PASSED + b"Action=DescribeInstances"
    unknown = ask(Action="GetConsoleOutput", InstanceId="i-2")
    assert unknown.startswith(PASSED)
