"""Where the keys come from, and what happens where there is none."""

from __future__ import annotations

import json

import pytest

from slipway.exceptions import EnvironmentMisconfigured
from slipway.hooks.store.signing_keys import RecordKeys, record_keys

VARIABLE = "AIRFLOW_CONN_SLIPWAY_RECORDS"


def _connect(monkeypatch: pytest.MonkeyPatch, password: str | None) -> None:
    connection = {"conn_type": "generic", "password": password}
    monkeypatch.setenv(VARIABLE, json.dumps(connection))


def test_without_a_key_the_error_says_how_one_is_made_that_nobody_reads_along(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for password in (None, "", " \n"):
        _connect(monkeypatch, password)
        with pytest.raises(EnvironmentMisconfigured, match="has no key") as missing:
            record_keys()
        assert "`openssl rand -hex 32`" in missing.value.advice
        # Words of a command are in the list of processes, for everybody on the machine.
        assert "--conn-password" not in missing.value.advice
    monkeypatch.delenv(VARIABLE)
    with pytest.raises(EnvironmentMisconfigured, match="has no key"):
        record_keys()


def test_a_key_that_could_be_guessed_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    _connect(monkeypatch, f"{'a' * 64} secret")
    with pytest.raises(EnvironmentMisconfigured, match="shorter than 32 characters"):
        record_keys()


def test_the_first_key_signs_and_all_are_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    new, old = "n" * 32, "o" * 32
    _connect(monkeypatch, f"{new}\n{old}")
    keys = record_keys()
    assert keys.sign("p", {"a": 1}) == RecordKeys([new]).sign("p", {"a": 1})
    assert keys.signed("p", {"a": 1}, RecordKeys([old]).sign("p", {"a": 1}))
    assert keys.stamped("p", RecordKeys([old]).stamp("p"))
    assert not keys.signed("p", {"a": 1}, RecordKeys(["x" * 32]).sign("p", {"a": 1}))


def test_a_signature_is_for_one_path_one_value_and_one_purpose() -> None:
    keys = RecordKeys(["k" * 32])
    signature = keys.sign("a", {"b": "c"})
    assert not keys.signed("a", {"b": "d"}, signature)
    assert not keys.signed("b", {"b": "c"}, signature)
    assert not keys.stamped("a", signature[:32])
    # Nothing can be moved over the border between the path and the value.
    assert keys.sign('a",{', 1) != keys.sign("a", '{",1')
    assert keys.sign("a", {"x": 1, "y": 2}) == keys.sign("a", {"y": 2, "x": 1})


def test_the_keys_do_not_show_themselves() -> None:
    assert "k" * 32 not in repr(RecordKeys(["k" * 32]))
