from __future__ import annotations

import socket
import subprocess
import sys
from unittest.mock import create_autospec

import boto3
import pytest
import yaml
from moto import mock_aws

from include.demo import add_environment as place
from include.demo import paths, processes
from include.demo.add_environment import database_name
from include.demo.airflow_api import AirflowApi
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


def test_a_place_is_changed_when_asked_and_takes_nothing_of_another_one(
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
        place.make("shop", "dev-x", listener=8085, health="/ready")  # changed
        balancers = boto3.client("elbv2", region_name=paths.REGION)
        (balancer,) = balancers.describe_load_balancers()["LoadBalancers"]
        (listener,) = balancers.describe_listeners(LoadBalancerArn=balancer["LoadBalancerArn"])[
            "Listeners"
        ]
        assert listener["Port"] == 8085
        with pytest.raises(infrastructure.PlaceTaken, match=r"port 8085 is that of shop-dev-x"):
            place.make("other", "dev", listener=8085, database=True)
        with pytest.raises(infrastructure.PlaceTaken, match=r"asked at port 8000, .*another env"):
            place.make("shop", "dev-x", listener=8085, port=9000, database=True)
        with (
            socket.create_server(("127.0.0.1", 0)) as busy,
            pytest.raises(infrastructure.PlaceTaken, match=r"something else listens on port \d+"),
        ):
            place.make("other", "dev", listener=busy.getsockname()[1], database=True)
        with pytest.raises(
            infrastructure.PlaceTaken, match=r"shop-dev-x is there.* dev-x of shop;"
        ):
            place.make("shop-dev", "x", listener=8084, database=True)
        assert made == []
        (group,) = boto3.client("elbv2", region_name=paths.REGION).describe_target_groups()[
            "TargetGroups"
        ]
        assert group["TargetGroupName"] == "shop-dev-x"
        assert group["HealthCheckPath"] == "/ready"


def test_a_project_with_migrations_gets_its_database_unasked(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    api = create_autospec(AirflowApi)
    url = "postgresql://guestbook_qa:p%40w@10.0.0.11:5432/guestbook_qa"
    monkeypatch.setattr(place, "AirflowApi", lambda: api)
    monkeypatch.setattr(processes, "alive", lambda name: True)
    monkeypatch.setattr(infrastructure, "start_database", lambda **_: {"guestbook_qa": url})
    monkeypatch.setattr(paths, "ENDPOINT", None)
    monkeypatch.setattr(sys, "argv", ["place", "guestbook", "qa", "--listener", "8097"])
    with mock_aws():
        place.main()
    (name, fields), _ = api.set_connection.call_args
    assert name == "guestbook_qa"
    assert (fields["password"], fields["extra"]) == ("p@w", '{"sslmode": "disable"}')
    told = capsys.readouterr().out.partition("project file:\n\n")[2]
    block, _, more = told.partition("\n\n")
    assert "DATABASE_URL" in more
    found = yaml.safe_load(block)["qa"]
    assert found == {
        "deploy": "manual",  # dev is continuous, and only one can be
        "aws": {"region": paths.REGION},
        "database": "guestbook_qa",
        "target_group": "guestbook-qa",
        "instance": {"subnets": ["slipway-a", "slipway-b"], "security_groups": ["slipway-app"]},
        "health": {"path": "/healthz", "port": 8000, "timeout": "2m"},
        "soak": "5s",
    }
