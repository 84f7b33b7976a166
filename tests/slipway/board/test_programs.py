"""What programs are told of a project, and that it is what people may see: also through `fab`."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest
from fastapi.testclient import TestClient

from include.cli import audit as written
from include.cli.server import reads
from include.cli.server.address import Address
from include.cli.server.client import AirflowServer
from include.cli.server.errors import LoginMissing, RunUnknown
from slipway.exceptions import RecordRefused, ReleaseNotFound
from slipway.model.board.audit import Line
from slipway.model.controls import Controls, Hold, Rejection, Scope, Stop
from tests.slipway.board.boards import Office, hide
from tests.slipway.board.people import jwt

if TYPE_CHECKING:
    from collections.abc import Callable

LISTS = ("versions", "history", "held", "audit", "dora")
WHAT = "it \x1b[2Jburns"


def line(what: str, environment: str = "prod", project: str = "shop", at: str = "1") -> Line:
    fields = {"who": "ann", "version": "1.0+1", "why": WHAT, "run": "controls c1"}
    return Line(at=at, what=what, project=project, environment=environment, **fields)


@pytest.fixture
def shop(shop: Office) -> Office:
    """The shop, whose production somebody holds, stopped for everybody, with a release rejected."""
    shop.model.held["shop/prod"] = Controls(
        hold=Hold(by="ann", at=1, why=WHAT),
        stops=((Scope(), Stop(by="bob", at=2, why="no water", may_pass=("role:oncall",))),),
        rejected={"1.0+2": Rejection(version="1.0+2", by="ann", at=3, why="bad")},
    )
    everybody = line("stop", environment="", project="", at="3")
    shop.model.done = [line("hold"), line("reject", environment="", at="2"), everybody]
    return shop


@pytest.fixture
def asks(shop: Office) -> Iterator[Callable[..., AirflowServer]]:
    with TestClient(shop.server) as http:

        def server(name: str = "ann", role: str = "USER") -> AirflowServer:
            login = Address(url="http://testserver", token=jwt(name, role) if name else "no")
            return AirflowServer(http=http, address=login, sleep=lambda _: None)

        yield server


def told(tell: Any, server: AirflowServer, *words: Any, **how: Any) -> str:
    out = io.StringIO()
    assert tell(server, out, *words, **how) == 0
    assert "\x1b" not in out.getvalue()
    return out.getvalue()


def test_versions(asks: Any) -> None:
    text = told(reads.tell_versions, asks(), "shop", most=2, as_programs=False)
    assert text.splitlines()[0].startswith("1.0+2  2026-11-18")
    assert text.splitlines()[0].endswith("Ann: Sell more  <- dev")
    found = json.loads(told(reads.tell_versions, asks(), "shop", most=2, as_programs=True))
    assert [(one["version"], one["serves"]) for one in found] == [
        ("1.0+2", ["dev"]),
        ("1.0+1", ["prod"]),
    ]
    assert told(reads.tell_versions, asks(), "mail", most=2, as_programs=False) == (
        "mail has no release yet\n"
    )


def test_history(asks: Any) -> None:
    how = {"most": 1, "as_programs": False}
    text = told(reads.tell_history, asks(), "shop", "", **how)
    assert text.splitlines()[:2] == ["shop dev", "  nothing was deployed there yet"]
    assert text.splitlines()[2:] == [
        "shop prod",
        "  2026-11-18 11:06:40  1.0+1  succeeded after 80 s, by ann",
        "      Sell more",
    ]
    found = json.loads(told(reads.tell_history, asks(), "shop", "prod", most=2, as_programs=True))
    assert [one["environment"] for one in found] == ["prod"]
    assert [one["swap"] for one in found[0]["deployments"]] == ["1.0+1", "1.0+0"]
    assert found[0]["deployments"][0]["seconds"] == 80.0


@pytest.mark.parametrize("project", ["shop", ""])
def test_held(asks: Any, project: str) -> None:
    lines = told(reads.tell_held, asks(), project, as_programs=False).splitlines()
    place = lines.index("shop prod")
    assert "shop dev: open" in lines
    assert "the line is stopped for everything by bob" in lines[place + 1]
    assert "whoever has the role oncall may pass" in lines[place + 1]
    assert "held by ann since 1970-01-01 00:00:01 UTC: it <U+001B>[2Jburns" in lines[place + 2]
    assert lines[place + 3] == "  1.0+2 is rejected by ann: bad"
    found = json.loads(told(reads.tell_held, asks(), "shop", as_programs=True))
    (prod,) = (one for one in found if one["environment"] == "prod")
    assert (prod["hold"]["by"], prod["stops"][0]["of"]["project"]) == ("ann", "")
    assert [one["version"] for one in prod["rejected"]] == ["1.0+2"]


@pytest.mark.parametrize("project", ["shop", ""])
def test_audit(asks: Any, project: str) -> None:
    text = told(reads.tell_audit, asks(), project, written.write_words)
    assert [one.split()[1] for one in text.splitlines()] == ["hold", "reject", "stop"]
    out = io.StringIO()
    reads.tell_audit(asks(), out, project, written.write_json)
    assert [one["what"] for one in json.loads(out.getvalue())] == ["hold", "reject", "stop"]


def test_dora(asks: Any) -> None:
    since = {"since": "2026-11-01"}
    text = told(reads.tell_dora, asks(), "shop", "", **since, as_programs=False)
    assert re.match(
        r"dev, the last (day|\d+ days)\n  lead time             -  \(0 commits\)\n", text
    )
    assert "change-failure rate   0 %  (0 of 2 changes)" in text
    found = json.loads(told(reads.tell_dora, asks(), "shop", "prod", **since, as_programs=True))
    assert [one["environment"] for one in found] == ["prod"]
    assert [one["version"] for one in found[0]["deployments"]] == ["1.0+0", "1.0+1"]
    with pytest.raises(ReleaseNotFound, match="neither a length of time nor a day"):
        told(reads.tell_dora, asks(), "shop", "", since="soon", as_programs=False)


@pytest.mark.parametrize(
    ("given", "looked_at"),
    [("nan", 30), ("-1", 30), ("x", 30), ("", 30), ("0", 30), ("7.5", 7.5), ("1e9", 3653)],
)
def test_days_that_are_none_are_the_usual_ones(shop: Office, given: str, looked_at: float) -> None:
    with shop.browser("ann") as ann:
        answer = ann.get(f"/p/shop/dora.json?environment=prod&days={given}")
    (prod,) = answer.json()["dora"]
    assert prod["until"] - prod["since"] == pytest.approx(looked_at * 86400)


@pytest.mark.parametrize("what", LISTS)
def test_nobody_else_is_told_anything(shop: Office, what: str) -> None:
    with shop.browser() as nobody:
        answer = nobody.get(f"/p/shop/{what}.json")
    assert (answer.status_code, answer.json()) == (401, {"detail": "not logged in"})


@pytest.mark.parametrize(
    ("what", "reads_it"),
    [
        ("versions", "releases"),
        ("history", "history"),
        ("held", "controls"),
        ("audit", "audit"),
        ("dora", "history"),
    ],
)
def test_what_cannot_be_read_is_told_as_json_as_well(
    shop: Office, asks: Any, what: str, reads_it: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = RecordRefused("controls/1 was not signed \x1b[2Jhere", advice="restore it")
    monkeypatch.setattr(shop.model, reads_it, mock.Mock(side_effect=refused))
    with shop.browser("ann") as ann:
        answer = ann.get(f"/p/shop/{what}.json")
    assert answer.status_code == 500
    said = answer.json()["detail"]
    assert said.startswith("controls/1 was not signed <U+001B>[2Jhere")
    assert "restore it" in said


@pytest.mark.parametrize("what", LISTS)
def test_what_somebody_may_not_see_is_not_there_for_them(
    shop: Office, what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "shop.prod", "mail", user="eve")
    with shop.browser("eve") as eve:
        seen = eve.get(f"/p/shop/{what}.json")
        assert seen.status_code == 200
        assert "prod" not in seen.text
        for path in (f"/p/mail/{what}.json", f"/p/nothing/{what}.json", "/p/shop/all.json"):
            assert eve.get(path).status_code == 404, path
        if what in ("history", "held", "dora"):
            assert eve.get(f"/p/shop/{what}.json?environment=prod").status_code == 404


@pytest.mark.parametrize("what", LISTS)
def test_nothing_of_it_is_done_by_a_post(shop: Office, what: str) -> None:
    with shop.browser("ann") as ann:
        assert ann.post(f"/p/shop/{what}.json", {}).status_code == 405


def test_a_name_that_is_not_there_is_told_with_the_nearest(asks: Any) -> None:
    how = {"most": 1, "as_programs": False}
    for project, environment, words in (
        ("shpo", "", "no project 'shpo' that you may see; did you mean shop?"),
        ("shop", "prd", "no environment of shop 'prd' that you may see; did you mean prod?"),
        ("../status", "", "no project '../status'"),
    ):
        with pytest.raises(RunUnknown) as wrong:
            told(reads.tell_history, asks(), project, environment, **how)
        assert words in str(wrong.value)


def test_a_token_that_is_none_is_told(asks: Any) -> None:
    with pytest.raises(LoginMissing):
        told(reads.tell_held, asks(""), "shop", as_programs=False)
