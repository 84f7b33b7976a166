"""The grammar of goose's substitution, as goose 3.26 has it."""

from __future__ import annotations

import pytest

from slipway.hooks.migrations.envsub import EnvsubUnreadable, Reference, is_own, references


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("select 1;", []),
        ("$A ${B} my$C-$D", ["A", "B", "C", "D"]),
        ("$A_$B", ["A_", "B"]),
        ("$$A \\$B $(C) \\\\$D", ["D"]),
        ("${A:1:2} ${B?so} ${C: -3}", ["A", "B", "C"]),
        ("costs 5$", []),
        ("${größe}", ["größe"]),
    ],
)
def test_names_that_must_be_there(line: str, names: list[str]) -> None:
    assert references(line) == tuple(Reference(name, required=True) for name in names)


def test_a_default_is_no_demand_and_may_ask_for_more() -> None:
    assert references("${A:-x} ${B-${C}} ${D:-${E:-}}") == (
        Reference("A", required=False),
        Reference("B", required=False),
        Reference("C", required=True),
        Reference("D", required=False),
        Reference("E", required=False),
    )


@pytest.mark.parametrize("line", ["select $1;", "${}", "a $ b", "$_A", "${A", "as $'"])
def test_a_dollar_that_begins_no_name_is_told(line: str) -> None:
    with pytest.raises(EnvsubUnreadable):
        references(line)


@pytest.mark.parametrize(
    "name",
    [
        "GOOSE_DBSTRING",
        "goose_driver",
        "PGPASSWORD",
        "PGHOST",
        "PGPASSFILE",
        "DBSTRING",
        "PATH",
        "GODEBUG",
        "SSL_CERT_FILE",
        "LD_PRELOAD",
    ],
)
def test_what_steers_goose_is_its_own(name: str) -> None:
    assert is_own(name)


@pytest.mark.parametrize("name", ["SCHEMA", "APP_ROLE", "GOAL", "HOMEPAGE", "DATABASE"])
def test_other_names_are_free(name: str) -> None:
    assert not is_own(name)
