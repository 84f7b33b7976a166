"""What a project file may say of health, and of what a fleet passes on."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from include.project.model import Health, Instance
from include.project.soak import Probe

INSTANCE: dict[str, Any] = {"subnets": ["a"], "security_groups": ["b"]}


@pytest.mark.parametrize("status", [401, "200-399,401", "200, 301", "204"])
def test_right_answers_may_be_written_as_the_console_has_them(status: Any) -> None:
    assert Health.model_validate({"status": status}).status == str(status)


@pytest.mark.parametrize("status", ["2xx", "200-", 99, "", "600", True, [200]])
def test_what_is_no_status_is_refused(status: Any) -> None:
    with pytest.raises(ValidationError):
        Health.model_validate({"status": status})


def test_what_is_not_said_is_the_balancers_to_say() -> None:
    health = Health()
    assert (health.path, health.port, health.scheme, health.status) == (None,) * 4


@pytest.mark.parametrize("more", [{"path": "/up"}, {"status": 200}])
def test_a_connection_has_no_page(more: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="leave out path and status"):
        Health.model_validate({"scheme": "tcp", **more})


def test_only_what_passes_on_can_be_dropped() -> None:
    assert Instance.model_validate({**INSTANCE, "drop": ["key_pair"]}).drop == ("key_pair",)
    for name in ("user_data", "keypair", "image"):
        with pytest.raises(ValidationError):
            Instance.model_validate({**INSTANCE, "drop": [name]})


def test_a_probe_speaks_http_or_https() -> None:
    assert Probe(path="/x", scheme="https").scheme == "https"
    with pytest.raises(ValidationError):
        Probe(path="/x", scheme="tcp")
