"""The day of an upgrade: what was recorded before is signed once, by somebody who looked."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from include.command_line import records
from slipway.exceptions import EnvironmentMisconfigured, RecordRefused
from slipway.hooks.artifact_store import ArtifactStore
from slipway.hooks.deployment_history import DeploymentHistory
from slipway.hooks.release_catalogue import ReleaseCatalogue
from tests.slipway.operators.releases import make_record


@pytest.fixture
def store(artifacts: Path) -> ArtifactStore:
    """As an installation of before left it."""
    store = ArtifactStore(artifacts.as_uri())
    for version in ("1.0", "2.0"):
        store.put_json(f"releases/shop/{version}.json", make_record(version).to_json())
        number = 1_700_000_000_000_000 + int(version[0])
        path = f"deployments/shop/prod/{number:018d}_{version}.json"
        store.put_json(path, make_record(version).checkout.release.to_json())
    store.put_json("heads/shop.json", "a" * 40)
    return store


def test_what_is_not_signed_is_shown_and_left_alone(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert records.main([]) == 1
    said = capsys.readouterr().out
    assert f"releases/shop/1.0.json: commit {'1' * 40} of u, shop 1.0 sha256 d" in said
    assert "deployments/shop/prod/001700000000000001_1.0.json" in said
    assert "4 records are not signed" in said
    with pytest.raises(RecordRefused, match="is not signed"):
        ReleaseCatalogue(store).find("shop", "1.0")


def test_once_signed_an_old_release_can_be_deployed_and_gone_back_to(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert records.main(["--sign"]) == 0
    assert ReleaseCatalogue(store).find("shop", "1.0") == make_record("1.0")
    assert DeploymentHistory(store).versions("shop", "prod") == ["1.0", "2.0"]
    assert records.main([]) == 0
    assert capsys.readouterr().out.endswith("every record is signed\n")


def test_a_record_with_a_wrong_signature_is_not_signed_over(store: ArtifactStore) -> None:
    records.main(["--sign"])
    found = store.get_json("releases/shop/1.0.json")
    store.put_json("releases/shop/1.0.json", {**found, "tests": {"seconds": 1}})
    assert records.main(["--sign"]) == 0
    with pytest.raises(RecordRefused, match="not what was signed"):
        ReleaseCatalogue(store).find("shop", "1.0")


@pytest.mark.parametrize("place", ["shop/3.0", "shop-admin/1.0"])
def test_a_record_that_was_moved_is_not_signed(store: ArtifactStore, place: str) -> None:
    store.put_json(f"releases/{place}.json", make_record("1.0").to_json())
    with pytest.raises(RecordRefused, match=f"releases/{place}.json is about shop 1.0"):
        records.review(store, sign=True, out=io.StringIO())


@pytest.mark.parametrize("found", [{}, {"checkout": 1, "package": {}}, {"checkout": {}}])
def test_what_is_no_release_at_all_is_named(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str], found: object
) -> None:
    store.put_json("releases/shop/3.0.json", found)
    assert records.main(["--sign"]) == 2
    assert "releases/shop/3.0.json is no release's record" in capsys.readouterr().err
    assert "signature" not in store.get_json("releases/shop/3.0.json")


def test_without_a_key_nothing_is_signed_and_the_command_is_told(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_RECORDS", json.dumps({"conn_type": "generic"}))
    with pytest.raises(EnvironmentMisconfigured):
        records.review(store, sign=True, out=io.StringIO())
    assert records.main(["--sign"]) == 2
    assert "connection 'slipway_records'" in capsys.readouterr().err
    assert "signature" not in store.get_json("releases/shop/1.0.json")
