"""ClientToken, by way of the whole application."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from include.localcloud.api.application import CloudApplication
from include.localcloud.state import CloudState


class Moto:
    """Answers each request with its number."""

    def __init__(self, status: str = "200 OK") -> None:
        self.status = status
        self.asked = 0

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        assert environ["wsgi.input"].read() != b""
        self.asked += 1
        start(self.status, [])
        return [str(self.asked).encode()]


def ask(application: CloudApplication, target: str = "", **form: str) -> tuple[str, bytes]:
    body = urlencode(form).encode()
    headers = {"HTTP_X_AMZ_TARGET": target} if target else {}
    seen: list[str] = []
    answer = application(
        {
            "REQUEST_METHOD": "POST",
            "CONTENT_TYPE": "application/x-www-form-urlencoded; charset=utf-8",
            "CONTENT_LENGTH": str(len(body)),
            "wsgi.input": io.BytesIO(body),
            **headers,
        },
        lambda status, _headers: seen.append(status),
    )
    return seen[0], b"".join(answer)


def application(moto: Moto) -> tuple[CloudApplication, CloudState]:
    state = CloudState(region="eu-west-1")
    return CloudApplication(state=state, moto=moto), state


def test_a_retry_gets_the_first_answer() -> None:
    app, _ = application(moto := Moto())
    first = ask(app, Action="RunInstances", ClientToken="t", ImageId="ami-1")
    assert ask(app, Action="RunInstances", ClientToken="t", ImageId="ami-1") == first
    assert moto.asked == 1


def test_another_token_is_another_request() -> None:
    app, _ = application(Moto())
    assert ask(app, Action="RunInstances", ClientToken="a") != ask(
        app, Action="RunInstances", ClientToken="b"
    )


def test_a_token_with_other_parameters_is_refused() -> None:
    app, _ = application(Moto())
    ask(app, Action="RunInstances", ClientToken="t", ImageId="ami-1")
    status, body = ask(app, Action="RunInstances", ClientToken="t", ImageId="ami-2")
    assert status.startswith("400")
    assert b"IdempotentParameterMismatch" in body


def test_a_failed_request_may_be_tried_again() -> None:
    app, _ = application(moto := Moto(status="400 Bad Request"))
    ask(app, Action="RunInstances", ClientToken="t")
    ask(app, Action="RunInstances", ClientToken="t")
    assert moto.asked == 2


def test_only_changes_wake_the_reconciler() -> None:
    app, state = application(Moto())
    ask(app, Action="DescribeInstances")
    assert not state.wake.is_set()
    ask(app, target="AmazonSSM.GetParameter", Name="n")
    assert not state.wake.is_set()
    ask(app, Action="RunInstances")
    assert state.wake.is_set()


def test_a_change_in_a_json_protocol_wakes_the_reconciler() -> None:
    app, state = application(Moto())
    ask(app, target="AmazonSSM.PutParameter", Name="n")
    assert state.wake.is_set()
