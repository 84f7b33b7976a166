from __future__ import annotations

from pathlib import Path

import pytest

from slipway.exceptions import RecordRefused
from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import ArtifactStore
from slipway.model.facts import Release
from slipway.tasks.schema.left_behind import schema_that_stays

RELEASE = Release(project="shop", sha="a" * 40, version="2.0")
RECORD = SchemaRecord(
    release=RELEASE, version=5, before=3, irreversible=("00002_x.sql", "00005_drop.sql")
)


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path.as_uri())


def test_what_was_written_down_is_found(store: ArtifactStore) -> None:
    records = SchemaRecords(store)
    assert records.find("shop", "prod") is None
    records.put("prod", RECORD)
    assert records.find("shop", "prod") == RECORD
    assert records.find("shop", "dev") is None


def test_what_somebody_else_wrote_is_refused(store: ArtifactStore) -> None:
    SchemaRecords(store).put("prod", RECORD)
    forged = store.get_json("schemas/shop/prod.json")
    store.put_json("schemas/shop/prod.json", {**forged, "version": 4})
    with pytest.raises(RecordRefused):
        SchemaRecords(store).find("shop", "prod")


def test_whoever_goes_back_hears_where_the_database_stays_and_what_is_gone_for_good() -> None:
    stays, gone = schema_that_stays(RECORD)
    assert "the database stays at schema 5, where 2.0 brought it from 3" in stays
    assert gone.startswith("00005_drop.sql cannot be undone: look whether what serves can live")


def test_a_release_that_migrated_nothing_leaves_nothing() -> None:
    assert schema_that_stays(SchemaRecord(release=RELEASE, version=5, before=5)) == []
