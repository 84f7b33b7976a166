"""What people see, and what they do not."""

from __future__ import annotations

import dataclasses
import re
import time

import pytest

from slipway.board.board import PER_PAGE
from slipway.model.board.snapshot import ProjectSnapshot
from slipway.model.maintenance import Maintenance
from tests.slipway.board.boards import Office, deployment, hide, office, record, snapshot
from tests.slipway.board.people import Airflow, Model

PAGES = (
    "/",
    "/?wall=1",
    "/?q=shop&show=waiting",
    "/e/shop/prod",
    "/e/shop/prod/deploy?version=1.0%2B2",
    "/e/shop/prod/roll-back?version=1.0%2B0",
    "/e/shop/prod/approve?run=manual__1",
    "/r/shop/1.0+2",
)


@pytest.mark.parametrize("path", PAGES)
def test_whoever_is_not_logged_in_is_led_to_airflows_login_and_back(
    shop: Office, path: str
) -> None:
    with shop.browser() as nobody:
        answer = nobody.get(path)
    assert answer.status_code == 303
    there = answer.headers["location"]
    assert there.startswith("/api/v2/auth/login?next=http%3A%2F%2Ftestserver%2Fslipway%2Fboard")
    assert "shop" not in answer.text


def test_a_script_without_a_login_is_told_so_and_led_nowhere(shop: Office) -> None:
    with shop.browser() as nobody:
        answer = nobody.get("/", **{"X-Slipway-Part": "live"})
    assert (answer.status_code, answer.json()) == (401, {"answer": "not logged in"})


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhIn0."])
def test_a_login_that_somebody_made_up_is_none(shop: Office, token: str) -> None:
    with shop.browser() as nobody:
        nobody.client.cookies.set("_token", token)
        assert nobody.get("/").status_code == 303


def test_the_board_says_of_each_environment_what_people_ask(shop: Office) -> None:
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/").text
    for said in (
        "1.0+2",
        "Sell more",
        "2/2",
        "1/2",
        "approval wanted",
        "1 newer",
        "standby until",
        "held by bob",
        "frozen until",
        "1.0+9</span> failed",
        "waits for a yes",
    ):
        assert said in page, said


def test_the_board_says_that_nothing_begins_now_and_why(shop: Office) -> None:
    why = "<b>a new disk</b>"
    shop.airflow.maintained = Maintenance(by="ann", at=time.time() - 60, why=why)
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/").text
    assert "Slipway is being maintained" in page
    assert "by ann: “&lt;b&gt;a new disk&lt;/b&gt;”" in page
    shop.airflow.maintained = None
    with shop.browser("vic", "VIEWER") as viewer:
        assert "is being maintained" not in viewer.get("/").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", {"mail", "shop"}),
        ("?q=SHOP", {"shop"}),
        ("?q=1.0%2B2", {"shop"}),
        ("?q=ann+sell", {"mail", "shop"}),
        ("?q=nothing", set()),
        ("?show=waiting", {"shop"}),
        ("?show=trouble", {"mail"}),
        ("?show=held", {"mail"}),
        ("?show=held&q=shop", set()),
        ("?show=%22%3E%3Cb%3E", {"mail", "shop"}),
        ("?page=99999", {"mail", "shop"}),
        ("?page=-1", {"mail", "shop"}),
    ],
)
def test_a_search_finds_rows(shop: Office, query: str, found: set[str]) -> None:
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get(f"/{query}").text
    assert set(re.findall(r'data-key="row (\w+)"', page)) == found


def test_what_wants_somebody_is_at_the_top_of_the_wall(shop: Office) -> None:
    quiet = ProjectSnapshot(project="alpha", environments=(snapshot("alpha", "dev"),))
    shop.model.snapshots["alpha"] = quiet
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/?wall=1").text
    assert re.findall(r'data-key="row (\w+)"', page) == ["mail", "shop", "alpha"]


def test_many_projects_come_page_by_page() -> None:
    names = [f"p{number:04d}" for number in range(PER_PAGE + 5)]
    snapshots = {
        name: ProjectSnapshot(project=name, environments=(snapshot(name, "dev"),)) for name in names
    }
    with office(Model(snapshots=snapshots), Airflow()).browser("vic", "VIEWER") as viewer:
        first, second = viewer.get("/").text, viewer.get("/?page=2").text
    assert len(re.findall('data-key="row', first)) == PER_PAGE
    assert re.findall(r'data-key="row (\w+)"', second) == names[PER_PAGE:]


def test_a_page_is_sent_again_only_when_it_changed(shop: Office) -> None:
    with shop.browser("vic", "VIEWER") as viewer:
        first = viewer.get("/", **{"X-Slipway-Part": "live"})
        tag = first.headers["etag"]
        again = viewer.get("/", **{"X-Slipway-Part": "live", "If-None-Match": tag})
        assert (again.status_code, again.content) == (304, b"")
        assert "<html" not in first.text
        assert f'data-tag="{tag.replace(chr(34), "&#34;")}"' in viewer.get("/").text
        places = shop.model.snapshots["shop"].environments
        moved = dataclasses.replace(places[0], newer=7)
        shop.model.snapshots["shop"] = ProjectSnapshot(
            project="shop", environments=(moved, *places[1:])
        )
        after = viewer.get("/", **{"X-Slipway-Part": "live", "If-None-Match": tag})
    assert after.status_code == 200
    assert "7 newer" in after.text


def test_an_environments_page_says_what_each_deployment_brought(shop: Office) -> None:
    shop.model.records = [record(f"1.0+{number}", subject=f"c{number}") for number in (4, 3, 2, 1)]
    shop.model.past["shop/prod"] = [
        deployment("1.0+1", "1.0+3"),
        deployment("1.0+4", "1.0+1", failure="CPU is 97 %"),
    ]
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/e/shop/prod").text
    assert "took back 2 releases" in page
    assert "brought 3 releases" in page
    assert "CPU is 97 %" in page
    assert "You may look, but not start runs" in page
    assert "/deploy" not in page


def test_a_releases_page_goes_from_the_commit_to_the_machines(shop: Office) -> None:
    shop.model.past["shop/prod"] = [deployment("1.0+2", "1.0+1")]
    with shop.browser("vic", "VIEWER") as viewer:
        page = viewer.get("/r/shop/1.0+2").text
    for said in (
        "<b>31</b> tests",
        "2 skipped",
        "00003_pin.sql",
        "Schema <b>3</b>",
        "shop",
        "prod",
    ):
        assert said in page, said


MISSING = (
    "/e/nothing/prod",
    "/e/shop/nothing",
    "/e/shop/prod/nothing",
    "/e/shop/prod/deploy?version=9.9",
    "/e/shop/prod/deploy",
    "/r/shop/9.9",
    "/r/nothing/1.0",
    "/nothing",
    "/static/../app.py",
    "/static/..%2fapp.py",
)


@pytest.mark.parametrize("path", MISSING)
def test_what_is_not_there(shop: Office, path: str) -> None:
    with shop.browser("ann") as ann:
        assert ann.get(path).status_code == 404


HIDDEN = ("/e/mail/prod", "/e/mail/prod/deploy?version=1.0%2B2", "/r/mail/1.0+2", "/e/mail/dev")


@pytest.mark.parametrize("path", HIDDEN)
def test_a_project_that_somebody_may_not_see_is_not_there_for_them(
    shop: Office, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.model.records += [record("1.0+2", "mail")]
    hide(monkeypatch, "mail", "mail.prod", "mail.dev", user="eve")
    with shop.browser("eve") as eve, shop.browser("ann") as ann:
        assert "mail" not in eve.get("/").text
        assert "data-key" not in eve.get("/?q=mail").text
        hidden, missing = eve.get(path), eve.get(path.replace("mail", "none"))
        assert hidden.status_code == missing.status_code == 404
        assert hidden.text.replace("mail", "none") == missing.text
        assert ann.get(path).status_code == 200


def test_one_environment_can_be_hidden_by_itself(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide(monkeypatch, "shop.prod", user="eve")
    with shop.browser("eve") as eve:
        assert re.findall(r'data-key="(shop/\w+)"', eve.get("/").text) == ["shop/dev"]
        assert eve.get("/e/shop/prod").status_code == 404
        assert "prod" not in eve.get("/r/shop/1.0+2").text


def test_looking_orders_nothing(shop: Office) -> None:
    with shop.browser("ann") as ann:
        for path in PAGES:
            assert ann.get(path).status_code == 200, path
    assert (shop.airflow.started, shop.airflow.answered) == ({}, [])


def test_a_store_that_cannot_be_read_says_so_and_no_more(
    shop: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        msg = "s3://secret"
        raise OSError(msg)

    monkeypatch.setattr(shop.model, "projects", broken)
    with shop.browser("ann") as ann:
        ann.client._transport.raise_server_exceptions = False
        answer = ann.get("/")
    assert answer.status_code == 500
    assert "this page cannot be made now" in answer.text.lower()
    assert "secret" not in answer.text
