"""What an account refuses to show: a right that is missing, or a service that is not there."""

from __future__ import annotations

from unittest import mock

from include.delivery.doctor import surroundings
from include.delivery.doctor.finding import State
from include.localcloud.api import services
from slipway.model.cloud.preflight_facts import Unasked


def test_what_the_embedded_cloud_does_not_have_is_no_right_that_is_missing() -> None:
    refused: list[bytes] = []
    body = services.application_of("servicequotas")({}, lambda *_: refused.append)
    why = f"GetServiceQuota was refused: 403: AccessDenied {b''.join(body).decode()}"
    needs = mock.Mock(project="shop", environment="dev")
    found = surroundings._unasked(needs, "dev", Unasked(what="quota", why=why))
    assert (found.state, found.what) == (State.UNASKED, "quota")
    missing = Unasked(what="quota", why="GetServiceQuota was refused: AccessDenied: no policy")
    assert surroundings._unasked(needs, "dev", missing).state is State.WRONG
