"""A page that anybody may see, and a secret that lies about, are found."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest

from include.stack import secret_files
from include.stack.trial.refusals import calls_of, found_in, is_refused, needles

LOGIN = {"Location": "/api/v2/auth/login?next=/slipway/board/"}


@pytest.mark.parametrize(
    ("answer", "refused"),
    [
        (httpx.Response(401), True),
        (httpx.Response(403), True),
        (httpx.Response(302, headers=LOGIN), True),
        (httpx.Response(200), False),
        (httpx.Response(422), False),
        # What is asked of somebody else is answered there.
        (httpx.Response(302, headers={"Location": "/dags"}), False),
        # Nobody is told what is there and what is not.
        (httpx.Response(404), False),
        (httpx.Response(500), False),
    ],
    ids=lambda one: str(getattr(one, "status_code", one)),
)
def test_what_is_no_refusal_is_none(answer: httpx.Response, refused: bool) -> None:
    assert is_refused(answer) == refused


def test_each_method_of_each_path_is_asked() -> None:
    paths = {"/dags": {"get": {}, "post": {}, "parameters": []}, "/x/{id}": {"delete": {}}}
    assert [*calls_of({"paths": paths})] == ["GET /dags", "POST /dags", "DELETE /x/{id}"]


def test_each_secret_that_the_stack_makes_is_looked_for(tmp_path: Path) -> None:
    key = {"conn_type": "aws", "login": "AKIA", "password": "a-secret-access-key"}
    secret_files.make(
        tmp_path, connections={"aws_default": key}, variables={"token": "abcdefghijkl"}
    )
    found = needles(tmp_path)
    files = {path.name for path in tmp_path.iterdir()} - {"connections.json", "variables.json"}
    assert set(found.values()) == {*files, "aws_default's password", "token"}
    password = (tmp_path / "redis.conf").read_text().split()[1]
    assert found[password.encode()] == "redis.conf"


def test_a_secret_is_found_in_base64_and_where_a_stream_is_cut(tmp_path: Path) -> None:
    (tmp_path / "variables.json").write_text(json.dumps({"token": "abcdefghijkl"}))
    wanted = needles(tmp_path)
    assert found_in([b"x" * 3000 + b"abcdef", b"ghijkl"], wanted) == {b"abcdefghijkl"}
    assert found_in([b"\0Basic YWJjZGVmZ2hpamts\xff"], wanted) == {b"YWJjZGVmZ2hpamts"}
    assert found_in([b"abcdefghijk", b""], wanted) == set()
