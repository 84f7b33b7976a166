"""What an account refuses to show: a right that is missing, or a service that is not there."""

from __future__ import annotations

from unittest import mock

from include.delivery.doctor import surroundings
from include.delivery.doctor.finding import State
from include.localcloud.api import services
from slipway.model.cloud.preflight_facts import Surroundings, Unasked


def test_what_the_embedded_cloud_does_not_have_is_one_calm_line() -> None:
    refused: list[bytes] = []
    body = services.application_of("servicequotas")({}, lambda *_: refused.append)
    why = f"GetServiceQuota was refused: 403: AccessDenied {b''.join(body).decode()}"
    quotas = tuple(Unasked(what=what, why=why) for what in ("quota of vCPUs", "quota of groups"))
    needs = mock.Mock(project="shop", environment="dev")
    seen = Surroundings(quotas=quotas)
    with mock.patch.object(surroundings, "judge", autospec=True, return_value=()):
        found = [one for one in surroundings._judged("dev", needs, seen, what="cloud")]
    assert [(one.state, one.what, one.words) for one in found] == [
        (
            State.UNASKED,
            "quota of vCPUs, quota of groups",
            "the embedded cloud has no such thing",
        ),
        (State.FINE, "cloud", ""),
    ]


def test_a_right_that_is_missing_is_wrong() -> None:
    needs = mock.Mock(project="shop", environment="dev")
    missing = Unasked(what="quota", why="GetServiceQuota was refused: AccessDenied: no policy")
    assert surroundings._unasked(needs, "dev", missing).state is State.WRONG
