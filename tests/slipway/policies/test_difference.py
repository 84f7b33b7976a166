"""What a yes means, in lines that a person reads before saying it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from slipway.model.board.difference import ChangedCommit, ChangedMigration, Difference
from slipway.policies.difference import (
    ALL,
    GitWord,
    Side,
    difference,
    lines,
    pull_request_of,
)
from tests.slipway.operators.releases import make_record


def side(version: str, *, base: str = "", **inputs: str) -> Side:
    record = make_record(version)
    named = {name.replace("__", "."): value for name, value in inputs.items()}
    release, package = record.checkout.release, record.package
    return Side(release=release, package=package, inputs=named, base=base)


def commits(count: int, author: str = "Ada") -> tuple[ChangedCommit, ...]:
    return tuple(
        ChangedCommit(sha=f"{number:040x}"[::-1], subject=f"Change {number}", author=author)
        for number in range(count)
    )


USERS = ChangedMigration(number=1, name="00001_users.sql", sql=("CREATE TABLE users (id int)",))
PRICE = ChangedMigration(number=2, name="00002_price.sql", sql=("ALTER TABLE x ADD price int",))


def test_all_that_comes_is_told() -> None:
    old = side("1", base="ami-a", package__config__PORT="a" * 12, package="shop 1")
    new = side("2", base="ami-b", package__config__PORT="b" * 12, package="shop 2")
    word = GitWord(
        gained=(replace(commits(1)[0], pull_request=12),),
        old_migrations={1: USERS},
        new_migrations={1: USERS, 2: PRICE},
    )
    found = difference(old, new, word)
    assert lines(found) == [
        "brings 1 commit",
        "brings 0000000 Change 0 (Ada, pull request #12)",
        "migration 00002_price.sql",
        "00002_price.sql: ALTER TABLE x ADD price int",
        "package shop: 1 -> 2",
        "base image: ami-a -> ami-b",
        "image: package.config.PORT has changed",
    ]
    assert not found.is_way_back
    assert Difference.from_json(found.to_json()) == found


def test_the_way_back_says_what_is_lost() -> None:
    word = GitWord(lost=commits(2), old_migrations={1: USERS, 2: PRICE}, new_migrations={1: USERS})
    found = difference(side("2", a="b"), side("1", a="b"), word)
    assert found.is_way_back
    assert lines(found)[:4] == [
        "loses 2 commits",
        "loses 0000000 Change 0 (Ada)",
        "loses 1000000 Change 1 (Ada)",
        "stays applied, unknown to the release: 00002_price.sql",
    ]


def test_a_long_list_says_how_much_is_left_out_and_the_whole_is_there() -> None:
    long = replace(PRICE, sql=tuple(f"INSERT {number}" for number in range(13)))
    word = GitWord(gained=commits(50), more_gained=100, new_migrations={2: long})
    found = difference(side("1", a="b"), side("2", a="b"), word)
    told = lines(found)
    assert told[0] == "brings 150 commits"
    assert "... and 130 commits more" in told
    assert "00002_price.sql: ... and 3 statements more" in told
    assert sum("INSERT" in line for line in told) == 10
    whole = lines(found, ALL)
    assert sum(line.startswith("brings ") for line in whole) == 51
    assert "... and 100 commits more" in whole  # nobody has read these
    assert sum("INSERT" in line for line in whole) == 13


def test_a_migration_that_was_rewritten_is_named() -> None:
    other = replace(USERS, sql=("DROP TABLE users",))
    word = GitWord(old_migrations={1: USERS}, new_migrations={1: other})
    found = lines(difference(side("1", a="b"), side("2", a="b"), word))
    assert "migration 00001_users.sql is another file now, and is not run again" in found


def test_what_nobody_knows_is_said_instead_of_nothing() -> None:
    word = GitWord(unknown=("commits and migrations: the server does not answer",))
    found = lines(difference(side("1"), side("2", base="ami-b"), word))
    assert found == [
        "package shop: 1 -> 2",
        "not known: commits and migrations: the server does not answer",
        "not known: settings and base image: an image is not baked yet, or not on record",
    ]


def test_the_first_deployment_replaces_nothing() -> None:
    assert lines(difference(None, side("1"), GitWord())) == ["package shop 1 is new"]


@pytest.mark.parametrize(
    ("message", "number"),
    [
        ("Merged in fix (pull request #12)\n\nFix it", 12),
        ("Merge pull request #7 from acme/fix", 7),
        ("Sell more (#345)", 345),
        ("Merge branch 'x' into 'main'\n\nSell more\n\nSee merge request acme/shop!9", 9),
        ("Merge pull request 'Sell more' (#4) from fix into main", 4),
        ("Fix (#12) and more", 0),
        ("As in pull request # of old", 0),
        ("(#" + "9" * 400 + ")", 0),
        ("", 0),
    ],
)
def test_the_pull_request_is_the_one_that_the_host_wrote(message: str, number: int) -> None:
    assert pull_request_of(message) == number
