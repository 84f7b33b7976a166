"""What runs where, in a shell: for people, and for programs."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from include.cli.board import diff, status, versions
from include.cli.board.table import HEAD
from slipway.hooks.airflow_progress import Live, Progress, RunUnderWay
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.environments.snapshots import Change, snapshots
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.board.by_hand import ByHand, HandChange
from slipway.model.board.deployment import CommitLine
from slipway.model.board.snapshot import (
    ApprovalWanted,
    Freeze,
    Hold,
    IllRelease,
    Machines,
    Serving,
    Standby,
    UnderWay,
)
from slipway.model.board.waiting import WaitFacts
from slipway.model.facts import Release
from slipway.policies.difference import GitWord
from slipway.tasks.board import between
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")

EVIL = "Sell\x1b[31m more\u202e\nprod  serving  9"
ADA = Serving(
    version="1.4.0",
    commit=CommitLine(sha="a" * 40, subject=EVIL, author="Ada"),
    since=1e9,
    asked_by="ada",
    approved_by="bob",
)


HAND = ByHand(
    group="shop-prod-1",
    since=10**9,
    changes=(
        HandChange(what="desired", was="2", now="5"),
        HandChange(what="security groups of i-1", was="sg-1", now=""),
    ),
)


def show(environment: str, change: Change) -> None:
    snapshots().change("guestbook", environment, change)


def out_of(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().out.splitlines()


def test_a_line_says_who_since_when_and_how_well(capsys: pytest.CaptureFixture[str]) -> None:
    show("prod", lambda one: replace(one, serving=ADA, machines=Machines(healthy=3, wanted=4)))
    assert status.main(["guestbook"]) == 0
    head, dev, prod = out_of(capsys)
    assert head.split() == list(HEAD)
    assert dev.split() == ["guestbook", "dev", "empty"]
    for word in ("guestbook  ", "prod", "ill", "1.4.0", "2001-09-09 01:46", "ada, bob", "3/4"):
        assert word in prod
    assert "Sell<U+001B>[31m more<U+202E><U+000A>prod" in prod  # one line, which hides nothing


def test_below_it_stands_what_waits(capsys: pytest.CaptureFixture[str]) -> None:
    show(
        "prod",
        lambda one: replace(
            one,
            serving=ADA,
            under_way=UnderWay(version="1.5.0", step="soak", since=1e9, asked_by="eve"),
            approval=ApprovalWanted(version="1.6.0", dag_id="d", run_id="r", since=1e9),
            hold=Hold(by="ada", why="the fair", since=1e9),
            freeze=Freeze(why="night", begins=0.0, until=4e9),
            ill=IllRelease(version="1.3.0", at=1e9, why="p99", reason="no module named x"),
            by_hand=HAND,
            standbys=(Standby(version="1.3.9", until=4_000_000_000), Standby(version="1", until=1)),
            newer=7,
        ),
    )
    assert status.main(["guestbook"]) == 0
    assert [line.strip() for line in out_of(capsys)[3:]] == [
        "deploying 1.5.0, at soak, since 2001-09-09 01:46, by eve",
        "approval wanted for 1.6.0, since 2001-09-09 01:46",
        "held since 2001-09-09 01:46, by ada: the fair",
        "frozen until 2096-10-02 07:06: night",
        "1.3.0 failed here at 2001-09-09 01:46: no module named x",
        "changed by hand since 2001-09-09 01:46: desired: 2 -> 5",
        "changed by hand since 2001-09-09 01:46: security groups of i-1: sg-1 -> none",
        "1.3.9 is warm until 2096-10-02 07:06",
        "7 newer releases waiting",
    ]


def test_a_window_that_opens_later_is_no_freeze_yet(capsys: pytest.CaptureFixture[str]) -> None:
    show("prod", lambda one: replace(one, freeze=Freeze(why="x", begins=3.9e9, until=4e9)))
    assert status.main(["guestbook"]) == 0
    assert "frozen" not in capsys.readouterr().out


def test_a_program_reads_what_the_board_shows(capsys: pytest.CaptureFixture[str]) -> None:
    show("prod", lambda one: replace(one, serving=ADA, by_hand=HAND))
    assert status.main(["--json"]) == 0
    [guestbook] = json.loads(capsys.readouterr().out)
    dev, prod = guestbook["environments"]
    assert (dev["environment"], dev["state"], dev["serving"]) == ("dev", "empty", None)
    assert (prod["state"], prod["serving"]["commit"]["subject"]) == ("serving", EVIL)
    changes = prod["by_hand"]["changes"]
    assert changes[0] == {"what": "desired", "was": "2", "now": "5"}
    assert (dev["by_hand"], len(changes)) == (None, 2)


@pytest.mark.parametrize(
    ("main", "words"),
    [
        (status.main, ["gestbook"]),
        (versions.main, ["gestbook"]),
        (diff.main, ["gestbook", "dev", "prod"]),
    ],
)
def test_a_misspelt_project_gets_the_nearest(
    main: type, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert "did you mean guestbook?" in capsys.readouterr().err


def released(version: str) -> ReleaseRecord:
    record = make_record(version).to_json()
    release = Release(project="guestbook", sha=version[0] * 40, version=version).to_json()
    record["checkout"]["release"] = record["package"]["release"] = release
    made = ReleaseRecord.from_json(record)
    ReleaseCatalogue(artifact_store()).record(made)
    return made


def test_versions_say_where_each_serves(capsys: pytest.CaptureFixture[str]) -> None:
    assert versions.main(["guestbook"]) == 0
    assert out_of(capsys) == ["guestbook has no release yet"]
    released("1.0.0")
    released("2.0.0")
    show("dev", lambda one: replace(one, serving=Serving(version="2.0.0")))
    assert versions.main(["guestbook", "--most", "5"]) == 0
    newest, older = out_of(capsys)
    assert newest == "2.0.0  1970-01-01 00:00  a: Sell more  <- dev"
    assert older == "1.0.0  1970-01-01 00:00  a: Sell more"
    assert versions.main(["guestbook", "--most", "1", "--json"]) == 0
    [one] = json.loads(capsys.readouterr().out)
    assert (one["version"], one["serves"]) == ("2.0.0", ["dev"])


def test_of_other_settings_is_told_which_they_are_and_what_they_brought(
    capsys: pytest.CaptureFixture[str],
) -> None:
    released("2.0.0")
    brings = ("instance type: t3.micro -> t3.large",)
    later = Serving(version="2.0.0@0123abcd", since=1e9, brings=brings)
    show("dev", lambda one: replace(one, serving=later))
    assert versions.main(["guestbook"]) == 0
    (line,) = out_of(capsys)
    assert line.endswith("<- dev (2.0.0@0123abcd)")
    assert status.main(["guestbook"]) == 0
    said = out_of(capsys)
    assert "2.0.0@0123abcd" in said[1]
    assert said[2].strip() == "it brings instance type: t3.micro -> t3.large"
    back = replace(later, version="2.0.0", brings=(f"takes back {brings[0]}",))
    show("dev", lambda one: replace(one, serving=back))
    assert status.main(["guestbook"]) == 0
    assert out_of(capsys)[2].strip() == f"it takes back {brings[0]}"


@pytest.mark.usefixtures("no_git")
def test_diff_compares_releases_and_leaves_an_environment_its_own_settings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    released("2.0.0")
    show("dev", lambda one: replace(one, serving=Serving(version="2.0.0")))
    show("prod", lambda one: replace(one, serving=Serving(version="2.0.0@0123abcd")))
    assert diff.main(["guestbook", "dev", "prod"]) == 0
    first, *rest = out_of(capsys)
    assert first == "prod serves 2.0.0@0123abcd; dev would give it 2.0.0@0123abcd"
    assert not [line for line in rest if "brings" in line or "loses" in line]


@pytest.fixture
def no_git(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between.Between, "_ask_git", lambda *_: GitWord())


@pytest.mark.usefixtures("no_git")
def test_diff_says_what_the_second_would_get_of_the_first(
    capsys: pytest.CaptureFixture[str],
) -> None:
    released("1.0.0")
    released("2.0.0")
    show("dev", lambda one: replace(one, serving=Serving(version="2.0.0")))
    show("prod", lambda one: replace(one, serving=Serving(version="1.0.0")))
    assert diff.main(["guestbook", "dev", "prod"]) == 0
    assert out_of(capsys)[:2] == [
        "prod serves 1.0.0; dev would give it 2.0.0",
        "  package shop: 1.0.0 -> 2.0.0",
    ]
    assert diff.main(["guestbook", "1.0.0", "dev", "--json"]) == 0
    back = json.loads(capsys.readouterr().out)
    assert back["packages"] == [{"name": "shop", "old": "2.0.0", "new": "1.0.0"}]


@pytest.mark.usefixtures("no_git")
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["dev", "prd"], "did you mean prod?"),
        (["dve", "prod"], "did you mean dev?"),
        (["dev", "prod"], "nothing serves guestbook on dev"),
        (["9.9.9", "prod"], "has no release '9.9.9', nor an environment of that name"),
        (["abcdef1", "prod"], "has no release 'abcdef1', nor an environment of that name"),
        (["qa", "prod"], "has no release 'qa', nor an environment of that name"),
    ],
)
def test_diff_says_what_is_not_there(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert diff.main(["guestbook", *words]) == 2
    assert said in capsys.readouterr().err


def test_below_it_stands_what_each_run_waits_for(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    show("dev", lambda one: replace(one, continuous=True))
    facts = WaitFacts(run_state="queued", run_since=1e9, ahead=(f"commit__{'1' * 40}",))
    run = RunUnderWay(
        dag_id="guestbook", run_id=f"commit__{'2' * 40}", state="queued", since=1e9, facts=facts
    )
    moves = replace(run, run_id="commit__3", facts=WaitFacts(run_state="running", state="running"))
    live = Live(runs={"guestbook": [moves, run]})
    monkeypatch.setattr(Progress, "live", lambda *_: live)
    assert status.main(["guestbook"]) == 0
    line = "2222222 waits for its turn behind 1111111, since 2001-09-09 01:46"
    _, dev, waits, prod = out_of(capsys)
    assert (waits.strip(), dev.split()[1], prod.split()[1]) == (line, "dev", "prod")
    assert status.main(["guestbook", "--json"]) == 0
    [guestbook] = json.loads(capsys.readouterr().out)
    [told] = guestbook["environments"][0]["waiting"]
    assert (told["run"], told["reason"], told["since"]) == ("2222222", "turn", 1e9)
    assert guestbook["environments"][1]["waiting"] == []


def test_a_shell_without_airflows_database_says_the_rest(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> Live:
        raise OSError("no such table: dag_run")  # noqa: EM101

    monkeypatch.setattr(Progress, "live", away)
    assert status.main(["guestbook"]) == 0
    assert len(out_of(capsys)) == 3
