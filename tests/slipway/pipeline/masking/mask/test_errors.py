"""Errors, and all that hangs on them, say no secret."""

from __future__ import annotations

from traceback import format_exception
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import ToolFailed
from slipway.pipeline.masking.mask import MASK, Masker

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_error_and_its_causes_say_no_secret() -> None:
    mask = Masker(["hunter2xyz"])
    cause = OSError(2, "no hunter2xyz")
    problem = ToolFailed("failed with hunter2xyz", advice="change hunter2xyz")
    problem.add_note("note hunter2xyz")
    problem.__cause__ = cause
    with pytest.raises(ToolFailed) as caught, mask.errors():
        raise problem
    shown = f"{caught.value} {caught.value!r} {cause} {caught.value.__notes__}"
    assert "hunter2" not in shown
    assert str(caught.value) == f"failed with {MASK}\n  what to do: change {MASK}"


class _Told(Exception):
    def __init__(self, what: object) -> None:
        self.what = what

    def __str__(self) -> str:
        return str(self.what)


class _Slotted(Exception):
    __slots__ = ("what",)

    def __init__(self, what: str) -> None:
        self.what = what

    def __str__(self) -> str:
        return self.what


def _deep(secret: str) -> Exception:
    error = last = ValueError("top")
    for number in range(30):
        last.__cause__ = last = ValueError(f"{number}")
    last.__cause__ = ValueError(secret)
    return error


@pytest.mark.parametrize(
    "make",
    [
        lambda secret: ValueError(secret.encode()),
        lambda secret: ValueError({secret}),
        lambda secret: ValueError({secret: 1}),
        lambda secret: _Told(secret.encode()),
        lambda secret: _Told([{secret: (secret,)}]),
        _Slotted,
        lambda secret: UnicodeDecodeError("utf-8", secret.encode(), 0, 1, secret),
        lambda secret: ExceptionGroup("several", [ValueError(secret)]),
        _deep,
    ],
)
def test_an_error_that_holds_a_secret_where_nobody_can_replace_it_is_replaced(
    make: Callable[[str], Exception],
) -> None:
    secret = "ghp_Zk3v9QxT7mLw2Rb8"
    with pytest.raises(Exception) as caught, Masker([secret]).errors():  # noqa: PT011 - any
        raise make(secret)
    told = "".join(format_exception(caught.value))
    assert secret not in told
    assert caught.value.__suppress_context__ or isinstance(caught.value, _Slotted)


def test_an_error_of_code_that_has_a_secrets_name_stays_what_it_is() -> None:
    """A password is sometimes the project's name, which is in every path."""
    with pytest.raises(KeyError), Masker(["test_masking", "errors()"]).errors():
        raise KeyError
