from __future__ import annotations

import json
from typing import Any

import pytest

from slipway.exceptions import BakeFailed, CloudUnavailable, ToolFailed
from slipway.hooks.tars import pack
from slipway.hooks.tools.packer import Bake, failure, made

PREFIX = "    amazon-ebs.machine: "


def test_a_failed_task_is_named_with_what_it_said() -> None:
    lines = [
        f"{PREFIX}TASK [app : Add the repository] ***",
        f"{PREFIX}changed: [default]",
        f"{PREFIX}TASK [app : Install the package] ***",
        f"{PREFIX}fatal: [default]: FAILED! => {{'msg': 'no package shop'}}",
        f"{PREFIX}PLAY RECAP ***",
    ]
    error = failure(lines)
    assert isinstance(error, BakeFailed)
    assert "the task 'app : Install the package'" in str(error)
    assert "no package shop" in str(error)


def test_a_task_that_fails_at_one_of_several_things_is_named() -> None:
    lines = [
        "TASK [app : Download the package] ***",
        'failed: [default] (item=shop) => {"msg": "no such version", "rc": 100}',
        "PLAY RECAP ***",
        "default : ok=9 changed=5 unreachable=0 failed=1",
    ]
    error = failure(lines)
    assert "Ansible failed in the task 'app : Download the package'" in str(error)
    assert "no such version" in str(error)


@pytest.mark.parametrize(
    "said",
    [
        "E: Could not get lock /var/lib/apt/lists/lock. It is held by process 812 (apt-get)",
        "Failed to lock apt for exclusive operation: Failed to lock directory /var/lib/apt/lists/",
        "E: Unable to acquire the dpkg frontend lock (/var/lib/dpkg/lock-frontend)",
    ],
)
def test_a_lock_that_somebody_holds_is_nobodys_recipe(said: str) -> None:
    error = failure(["TASK [app : Read our repository] ***", f"fatal: [default]: FAILED! {said}"])
    assert isinstance(error, ToolFailed)
    assert "holds apt's lock" in error.advice


def test_an_api_that_failed_is_worth_another_try() -> None:
    lines = ["==> Error launching: RequestError: send request failed", "connection refused"]
    assert isinstance(failure(lines), CloudUnavailable)


def test_anything_else_shows_the_last_lines() -> None:
    error = failure(["Error: Unsupported block type", "on machine.pkr.hcl line 3"])
    assert isinstance(error, BakeFailed)
    assert "Unsupported block type" in str(error)


def test_no_line_at_all() -> None:
    assert isinstance(failure([]), BakeFailed)


BAKE = Bake(
    name="b",
    image_name="shop-1.0",
    files={},
    playbook="p",
    source_image="ami-0",
    region="eu-west-1",
    tags={},
)


def _manifest(*artifacts: str) -> bytes:
    noted: dict[str, Any] = {"builds": [{"artifact_id": one} for one in artifacts]}
    return pack({"manifest.json": json.dumps(noted).encode()})


def test_the_image_is_the_one_that_packer_noted() -> None:
    assert made(_manifest("eu-west-1:ami-1"), BAKE) == "ami-1"
    assert made(_manifest("us-east-1:ami-2", "eu-west-1:ami-1"), BAKE) == "ami-1"


@pytest.mark.parametrize("manifest", [b"", _manifest(), _manifest("us-east-1:ami-2", "ami-3")])
def test_without_a_note_there_is_no_image(manifest: bytes) -> None:
    with pytest.raises(BakeFailed, match="noted no image in eu-west-1"):
        made(manifest, BAKE)
