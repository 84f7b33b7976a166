"""Which server is meant, and who asks it."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from include.cli.server.address import Address, address_of, required
from include.cli.server.errors import LoginMissing

URL = "https://airflow.example.com"


def test_a_server_and_a_token_are_enough() -> None:
    found = address_of({"SLIPWAY_SERVER": f"{URL}/air/", "SLIPWAY_TOKEN": "abc"})
    assert found == Address(url=f"{URL}/air", token="abc")


def test_a_token_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("abc\n")
    found = address_of({"SLIPWAY_SERVER": URL, "SLIPWAY_TOKEN_FILE": str(file)})
    assert found is not None
    assert found.token == "abc"


def test_no_login_shows_when_it_is_printed() -> None:
    told = repr(Address(url=URL, token="abc", user="ann", password="secret"))
    assert "abc" not in told
    assert "secret" not in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"SLIPWAY_SERVER": URL}, "no login"),
        ({"SLIPWAY_SERVER": URL, "SLIPWAY_USER": "ann"}, "no login"),
        ({"SLIPWAY_SERVER": URL, "SLIPWAY_TOKEN_FILE": "/nowhere"}, "cannot be read"),
        ({"SLIPWAY_SERVER": URL, "SLIPWAY_TOKEN": "a\nX-Evil: b"}, "token is none"),
        ({"SLIPWAY_SERVER": "airflow.example.com", "SLIPWAY_TOKEN": "a"}, "no address"),
        ({"SLIPWAY_SERVER": "file:///etc/passwd", "SLIPWAY_TOKEN": "a"}, "no address"),
        ({"SLIPWAY_SERVER": "http://airflow.example.com", "SLIPWAY_TOKEN": "a"}, "unencrypted"),
        ({"SLIPWAY_SERVER": "http://127.evil.com", "SLIPWAY_TOKEN": "a"}, "unencrypted"),
        (
            {"SLIPWAY_SERVER": "https://u:p@airflow.example.com", "SLIPWAY_TOKEN": "a"},
            "login in it",
        ),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_sent(given: dict[str, str], said: str) -> None:
    with pytest.raises(LoginMissing, match=said):
        address_of(given)


@pytest.mark.parametrize("url", ["http://localhost:8080", "http://127.0.0.1:8080", "http://[::1]"])
def test_this_machine_needs_no_https(url: str) -> None:
    assert address_of({"SLIPWAY_SERVER": url, "SLIPWAY_TOKEN": "a"}) is not None


def test_a_safe_way_may_be_said_to_be_one() -> None:
    given = {"SLIPWAY_SERVER": "http://10.0.0.1", "SLIPWAY_TOKEN": "a", "SLIPWAY_ALLOW_HTTP": "1"}
    assert address_of(given) is not None


def test_a_demo_is_meant_where_nobody_names_a_server(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"admin": "a b'c"}))
    lines = {
        "AIRFLOW__API__BASE_URL": "http://localhost:8080",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords),
        "AIRFLOW_CONN_X": json.dumps({"password": "it's\nmore"}),
    }
    demo = tmp_path / "env"
    demo.write_text("".join(f"export {name}={shlex.quote(it)}\n" for name, it in lines.items()))
    found = address_of({}, demo)
    assert found == Address(url="http://localhost:8080", user="admin", password="a b'c")
    named = address_of({"SLIPWAY_SERVER": URL, "SLIPWAY_TOKEN": "t"}, demo)
    assert named == Address(url=URL, token="t")


def test_who_needs_a_server_is_told_how_to_name_one(tmp_path: Path) -> None:
    assert address_of({}, tmp_path / "none") is None
    with pytest.raises(LoginMissing, match="set SLIPWAY_SERVER"):
        required({}, tmp_path / "none")
