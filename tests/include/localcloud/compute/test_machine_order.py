from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from include.localcloud.compute.machine import machine_order


@pytest.mark.parametrize("public", ["ssh-rsa AAAA", "ssh-rsa AAAA me@home"])
def test_a_machine_knows_its_key_by_the_name_of_the_pair(public: str) -> None:
    pair = SimpleNamespace(key_name="pair", public_key=public)
    ec2: Any = SimpleNamespace(key_pairs={"pair": pair})
    instance = SimpleNamespace(id="i-1", private_ip="10.0.0.4", key_name="pair", user_data=None)
    assert machine_order(ec2, instance, "image").public_key == "ssh-rsa AAAA pair"


def test_a_machine_without_a_key_pair() -> None:
    ec2: Any = SimpleNamespace(key_pairs={})
    instance = SimpleNamespace(id="i-1", private_ip="10.0.0.4", key_name=None, user_data=None)
    assert machine_order(ec2, instance, "image").public_key == ""
