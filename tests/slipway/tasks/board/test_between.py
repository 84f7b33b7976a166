"""Git says what lies between two commits, whichever came first."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest

from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.image_records import ImageRecord, ImageRecords
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import Release
from slipway.model.git.repository import Repository as Where
from slipway.policies.difference import lines
from slipway.tasks.board import between
from slipway.tasks.board.between import Between
from tests.fakes.git_server import Repository
from tests.slipway.operators.releases import make_record

UP = "-- +goose Up\nCREATE TABLE {name} (id int);\n-- +goose Down\nDROP TABLE {name};\n"


@pytest.fixture(autouse=True)
def mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, artifacts: Path) -> None:
    monkeypatch.setenv("AIRFLOW__SLIPWAY__GIT_MIRRORS", str(tmp_path / "mirrors"))


def commit(repository: Repository, message: str, table: str = "") -> str:
    folder = repository.path / "migrations"
    folder.mkdir(exist_ok=True)
    if table:
        number = len(list(folder.iterdir())) + 1
        (folder / f"{number:05d}_{table}.sql").write_text(UP.format(name=table))
    (repository.path / "file").write_text(message)
    return repository.commit(message)


def released(version: str, sha: str, **inputs: str) -> Release:
    record = make_record(version).to_json()
    release = {"project": "shop", "version": version, "sha": sha}
    record["checkout"]["release"] = record["package"]["release"] = release
    made = type(make_record(version)).from_json(record)
    ReleaseCatalogue(artifact_store()).record(made)
    image = ImageRecord(
        image_id=f"ami-{version}",
        name="i",
        owner="1",
        region="eu-west-1",
        tags={"slipway:base-image": "ami-base"},
        inputs=inputs,
    )
    ImageRecords(artifact_store()).record(image, made.checkout.release)
    return made.checkout.release


def test_there_and_back(repository: Repository) -> None:
    one = commit(repository, "One", "users")
    commit(repository, "Two (#5)")
    two = commit(repository, "[Three](http://evil) `x`\n\nbody", "prices")
    old, new = released("1", one, port="1" * 12), released("2", two, port="2" * 12)
    looks = Between(repository=Where(url=repository.url), directory="migrations")
    there = lines(looks.look(old, new))
    assert there[0] == "brings 2 commits"
    assert there[1].startswith(f"brings {two[:7]} [Three](http://evil) `x` (")
    assert "pull request #5" in there[2]
    assert there[3:5] == [
        "migration 00002_prices.sql",
        "00002_prices.sql: CREATE TABLE prices (id int);",
    ]
    assert "image: port has changed" in there
    back = looks.look(new, old)
    assert back.is_way_back
    assert lines(back)[0] == "loses 2 commits"
    assert "stays applied, unknown to the release: 00002_prices.sql" in lines(back)
    assert lines(looks.look(new, new)) == []


def test_two_branches_say_what_comes_and_what_goes(repository: Repository) -> None:
    commit(repository, "Base", "users")
    repository.git("checkout", "-q", "-b", "side")
    side = commit(repository, "Beside")
    repository.git("checkout", "-q", "main")
    main = commit(repository, "Ahead")
    looks = Between(repository=Where(url=repository.url))
    told = lines(looks.look(released("1", side, a="b"), released("2", main, a="b")))
    assert [line.split(" (")[0] for line in told[:4]] == [
        "brings 1 commit",
        f"brings {main[:7]} Ahead",
        "loses 1 commit",
        f"loses {side[:7]} Beside",
    ]


def test_a_commit_that_is_gone_stops_no_plan(repository: Repository) -> None:
    there = released("2", commit(repository, "One"), a="b")
    gone = released("1", "d" * 40, a="b")
    looks = Between(repository=Where(url=repository.url))
    told = lines(looks.look(gone, there))
    assert any(line.startswith("not known: commits and migrations: ") for line in told)


def test_a_release_that_nobody_recorded_is_said_to_be_unknown() -> None:
    looks = Between(repository=Where(url="git://127.0.0.1:1/none.git"))
    strange = Release(project="shop", sha="", version="9")
    told = lines(looks.look(strange, strange))
    assert "not known: commits: the catalogue does not know both releases" in told


def test_a_host_that_is_silent_stops_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(between, "_PATIENCE", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        where = Where(url=f"git://127.0.0.1:{silent.getsockname()[1]}/shop.git")
        old, new = released("1", "d" * 40, a="b"), released("2", "e" * 40, a="b")
        began = time.monotonic()
        told = lines(Between(repository=where).look(old, new))
    assert time.monotonic() - began < 10
    assert any(line.startswith("not known: commits and migrations: ") for line in told)
