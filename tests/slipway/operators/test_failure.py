"""Which failures fail a task for good."""

from __future__ import annotations

import pytest
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import PackageRefused, ToolFailed
from slipway.operators.failure import explained


def _raise(error: Exception) -> None:
    raise error


def test_a_mistake_of_the_commit_is_told_with_what_to_do() -> None:
    with pytest.raises(AirflowFailException, match="odd\n  what to do: mend it"), explained():
        _raise(PackageRefused("odd", advice="mend it"))


def test_a_connection_that_nobody_made_is_named_and_not_tried_again() -> None:
    with pytest.raises(AirflowFailException, match="nobody_made_it") as told, explained():
        BaseHook.get_connection("nobody_made_it")
    assert "make the connection" in str(told.value)


def test_a_failure_of_the_surroundings_may_be_tried_again() -> None:
    with pytest.raises(ToolFailed), explained():
        _raise(ToolFailed("away", advice="nothing"))
