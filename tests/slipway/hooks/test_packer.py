from __future__ import annotations

from slipway.exceptions import BakeFailed, CloudUnavailable
from slipway.hooks.packer import failure

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


def test_an_api_that_failed_is_worth_another_try() -> None:
    lines = ["==> Error launching: RequestError: send request failed", "connection refused"]
    assert isinstance(failure(lines), CloudUnavailable)


def test_anything_else_shows_the_last_lines() -> None:
    error = failure(["Error: Unsupported block type", "on machine.pkr.hcl line 3"])
    assert isinstance(error, BakeFailed)
    assert "Unsupported block type" in str(error)


def test_no_line_at_all() -> None:
    assert isinstance(failure([]), BakeFailed)
