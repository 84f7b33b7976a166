"""The day of an upgrade: what was recorded before is signed once, by somebody who looked."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path

import pytest

from include.cli import records
from slipway.exceptions import EnvironmentMisconfigured, RecordRefused, ReleaseNotFound
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
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


def looked_at(store: ArtifactStore) -> str:
    """The digest that the list ends with."""
    out = io.StringIO()
    records.review(store, sign=None, out=out)
    (digest,) = re.findall(r"--sign ([0-9a-f]{64})", out.getvalue())
    return str(digest)


def test_what_is_not_signed_is_shown_and_left_alone(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert records.main([]) == 1
    said = capsys.readouterr().out
    assert f"releases/shop/1.0.json: commit {'1' * 40} of u, shop 1.0 sha256 d" in said
    assert f"deployments/shop/prod/001700000000000001_1.0.json: commit {'1' * 40}" in said
    assert "4 records are not signed" in said
    with pytest.raises(RecordRefused, match="is not signed"):
        ReleaseCatalogue(store).find("shop", "1.0")


def test_once_signed_an_old_release_can_be_deployed_and_gone_back_to(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str]
) -> None:
    assert records.main(["--sign", looked_at(store)]) == 0
    assert ReleaseCatalogue(store).find("shop", "1.0") == make_record("1.0")
    assert DeploymentHistory(store).versions("shop", "prod") == ["1.0", "2.0"]
    assert records.main([]) == 0
    assert capsys.readouterr().out.endswith("every record is signed\n")


def test_a_record_with_a_wrong_signature_is_not_signed_over(store: ArtifactStore) -> None:
    digest = looked_at(store)
    records.main(["--sign", digest])
    found = store.get_json("releases/shop/1.0.json")
    store.put_json("releases/shop/1.0.json", {**found, "tests": {"seconds": 1}})
    assert records.main(["--sign", digest]) == 0
    with pytest.raises(RecordRefused, match="not what was signed"):
        ReleaseCatalogue(store).find("shop", "1.0")


@pytest.mark.parametrize("place", ["shop/3.0", "shop-admin/1.0"])
def test_a_record_that_was_moved_is_not_signed(store: ArtifactStore, place: str) -> None:
    store.put_json(f"releases/{place}.json", make_record("1.0").to_json())
    with pytest.raises(RecordRefused, match=f"releases/{place}.json is about shop 1.0"):
        records.review(store, sign="any", out=io.StringIO())


@pytest.mark.parametrize("field", ["project", "version"])
def test_an_entry_that_was_moved_is_not_signed(store: ArtifactStore, field: str) -> None:
    path = "deployments/shop/prod/001700000000000002_2.0.json"
    store.put_json(path, {**store.get_json(path), field: "other"})
    with pytest.raises(RecordRefused, match=r"_2\.0\.json is about .*other"):
        records.review(store, sign="any", out=io.StringIO())


EVIL = "releases/shop/1.0.json"
PLACES = [
    EVIL,
    "releases/shop/9.json",
    "deployments/shop/prod/001700000000000001_1.0.json",
    "deployments/shop/prod/001700000000000009_9.json",
    "deployments/shop/dev/001700000000000009_9.json",
]


def write_something_else(store: ArtifactStore, path: str) -> None:
    version = path.removesuffix(".json").rpartition("/")[2].rpartition("_")[2]
    record = make_record(version).to_json()
    record["package"]["sha256"] = record["checkout"]["release"]["sha"] = "e" * 64
    record["package"]["release"] = record["checkout"]["release"]
    store.put_json(path, record if path.startswith("rel") else record["checkout"]["release"])


@pytest.mark.parametrize("path", PLACES)
def test_what_was_put_there_after_somebody_looked_is_not_signed(
    store: ArtifactStore, path: str, artifacts: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = looked_at(store)
    write_something_else(store, path)
    before = {file: file.read_bytes() for file in artifacts.rglob("*.json")}
    assert records.main(["--sign", digest]) == 2
    assert "this is not the list that was looked at" in capsys.readouterr().err
    assert {file: file.read_bytes() for file in artifacts.rglob("*.json")} == before


class Slow(io.StringIO):
    """Somebody writes into the bucket while the list is printed."""

    def __init__(self, store: ArtifactStore, path: str) -> None:
        super().__init__()
        self._store, self._path = store, path

    def write(self, text: str) -> int:
        if not self.tell():
            write_something_else(self._store, self._path)
        return super().write(text)


@pytest.mark.parametrize("path", PLACES)
def test_what_was_put_there_while_it_signs_is_not_signed(store: ArtifactStore, path: str) -> None:
    records.review(store, sign=looked_at(store), out=Slow(store, path))
    catalogue = ReleaseCatalogue(store)
    assert catalogue.find("shop", "1.0") == make_record("1.0")
    assert catalogue.find("shop", "2.0") == make_record("2.0")
    entries = [one.split("_") for one in store.keys("deployments/shop/prod")]
    assert [version for _, version, *stamp in entries if stamp] == ["1.0", "2.0"]
    with pytest.raises((RecordRefused, ReleaseNotFound)):
        catalogue.find("shop", "9")


def test_what_is_not_seen_is_named(store: ArtifactStore) -> None:
    found = store.get_json(EVIL)
    found["checkout"]["repository"] = "https://good.example\u202e/live"
    store.put_json(EVIL, found)
    out = io.StringIO()
    records.review(store, sign=None, out=out)
    assert "of https://good.example<U+202E>/live" in out.getvalue()


@pytest.mark.parametrize("found", [{}, {"checkout": 1, "package": {}}, {"checkout": {}}])
def test_what_is_no_release_at_all_is_named(
    store: ArtifactStore, capsys: pytest.CaptureFixture[str], found: object
) -> None:
    store.put_json("releases/shop/3.0.json", found)
    assert records.main(["--sign", "any"]) == 2
    assert "releases/shop/3.0.json is no release's record" in capsys.readouterr().err
    assert "signature" not in store.get_json("releases/shop/3.0.json")


def test_without_a_key_nothing_is_signed_and_the_command_is_told(
    store: ArtifactStore, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    digest = looked_at(store)
    monkeypatch.setenv("AIRFLOW_CONN_SLIPWAY_RECORDS", json.dumps({"conn_type": "generic"}))
    with pytest.raises(EnvironmentMisconfigured):
        records.review(store, sign=digest, out=io.StringIO())
    assert records.main(["--sign", digest]) == 2
    assert "connection 'slipway_records'" in capsys.readouterr().err
    assert "signature" not in store.get_json("releases/shop/1.0.json")
