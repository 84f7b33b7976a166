from __future__ import annotations

import subprocess
import sys

import boto3
import pytest
from moto import mock_aws

from include.demo import add_environment as place
from include.demo import paths
from include.demo.add_environment import database_name
from include.localcloud import infrastructure


def test_two_places_never_share_a_database() -> None:
    places = [("a-b", "c"), ("a", "b-c"), ("a-b-c", "d"), ("a--b", "c"), ("a-", "b"), ("a", "b")]
    assert len({database_name(*place) for place in places}) == len(places)
    assert database_name("guestbook", "dev") == "guestbook_dev"


def test_where_no_demo_runs_a_place_is_refused_in_a_sentence() -> None:
    argv = [
        sys.executable,
        "-m",
        "include.demo.add_environment",
        "shop",
        "dev",
        "--listener",
        "8083",
    ]
    ended = subprocess.run(argv, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "no demo runs in this clone; start it with `make demo`" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_place_does_not_take_another_ones_target_group_by_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[str] = []

    def start(*, installation: str, databases: list[str]) -> dict[str, str]:
        made.extend(databases)
        return {name: f"postgresql://{name}:pw@10.0.0.11:5432/{name}" for name in databases}

    with mock_aws():
        monkeypatch.setattr(paths, "ENDPOINT", None)
        monkeypatch.setattr(infrastructure, "start_database", start)
        place.make("shop", "dev-x", listener=8083)
        place.make("shop", "dev-x", listener=8083)  # what is there stays
        with pytest.raises(
            infrastructure.PlaceTaken, match=r"shop-dev-x is there.* dev-x of shop;"
        ):
            place.make("shop-dev", "x", listener=8084, database=True)
        assert made == []
        (group,) = boto3.client("elbv2", region_name=paths.REGION).describe_target_groups()[
            "TargetGroups"
        ]
        assert group["TargetGroupName"] == "shop-dev-x"
