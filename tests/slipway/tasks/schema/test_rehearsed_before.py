"""Which rehearsals count for the next commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import pytest

from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.migrations.rehearsal_records import RehearsalRecords
from slipway.hooks.migrations.schema_records import SchemaRecord
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.tars import pack
from slipway.model.cloud.health_check import HealthCheck, Scheme
from slipway.model.event import Event, EventKind
from slipway.model.facts import SchemaVersion
from slipway.model.proof_settings import OnBroken, ProofSettings, Question
from slipway.model.schema_facts import LiveProof
from slipway.policies.schema import Rehearse
from slipway.tasks.proof.live_proof import MigrationProof
from slipway.tasks.proof.live_releases import LiveRelease, Serving
from slipway.tasks.schema import rehearsed_before
from slipway.tasks.schema.rehearsal import Rehearsal
from slipway.tasks.schema.rehearsed_before import RehearsedBefore
from slipway.tasks.schema.starts import SchemaStart
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target
from tests.slipway.operators.releases import make_record

pytestmark = pytest.mark.usefixtures("artifacts")
ONE, TWO, OTHER = "create table a ();", "create table b ();", "create table c ();"
SEEN = SchemaVersion(version=2, before=1, seconds=3.0, applied=("00002_x.sql",))
# Leaves the health check to its balancer.
SILENT: dict[str, Any] = {"health_path": None, "health_port": None}
DEV, PROD = make_target(environment="dev"), make_target(**SILENT, environment="prod")


def files(*statements: str) -> MigrationFiles:
    texts = {
        f"migrations/{at:05}_x.sql": f"-- +goose Up\n{text}\n".encode()
        for at, text in enumerate(statements, 1)
    }
    return MigrationFiles.from_archive(pack(texts), "migrations")


def start(version: int = 1, migrations: MigrationFiles | None = None) -> SchemaStart:
    record = SchemaRecord(release=make_record("1").checkout.release, version=version)
    return SchemaStart(record=record, environments=("prod",), migrations=migrations or files(ONE))


HOW = Rehearsal(
    engine=mock.create_autospec(ContainerEngine, instance=True),
    database="database",
    goose="goose",
    labels={},
    postgres=15,
    log=print,
)
# Production runs release 1, which knows one migration.
PROD_SERVES = LiveRelease(targets=(PROD,), record=make_record("1"))
# Development runs what was pushed last, which knows both.
DEV_SERVES = LiveRelease(targets=(DEV,), record=make_record("2"))
HELD = LiveProof(environments=("prod",), version="1", outcome="held", said="GET /", schema=1)
KNOWN = {"1": files(ONE), "2": files(ONE, TWO), "3": files(ONE, TWO)}


def proof(settings: ProofSettings | None = None, cloud: Any = None) -> MigrationProof:
    opened: Any = cloud or FakeFleetCloud(check=HealthCheck(scheme=Scheme.HTTP, port=80, path="/"))
    return MigrationProof(
        engine=HOW.engine,
        name="slipway-x",
        labels={},
        settings=settings or ProofSettings(unit="shop.service"),
        goose=mock.Mock(),
        files=lambda sha: KNOWN[sha[0]],
        open_cloud=lambda _: opened,
        log=print,
        warn=print,
    )


def before(**changed: Any) -> RehearsedBefore:
    """The rehearsal of a commit that brings a second migration, unless something is changed."""
    usual: dict[str, Any] = {
        "records": RehearsalRecords(artifact_store()),
        "checkout": make_record("4").checkout,
        "rehearsal": HOW,
        "migrations": files(ONE, TWO),
        "starts": [start()],
        "proof": proof(),
        "serving": Serving(lives=(DEV_SERVES, PROD_SERVES)),
        "log": print,
        "clock": lambda: 1_000_000.0,
    }
    return RehearsedBefore(**{**usual, **changed})


@pytest.fixture
def rehearsed() -> SchemaVersion:
    """What was seen of a commit, and noted."""
    settled = replace(HELD, environments=("dev",), version="2", outcome="not needed", said="")
    schema = replace(SEEN, proofs=(settled, HELD))
    before().keep(schema)
    return schema


def test_the_same_counts_for_the_next_commit_though_dev_has_moved_on(
    rehearsed: SchemaVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    moved = Serving(lives=(replace(DEV_SERVES, record=make_record("3")), PROD_SERVES))
    found = before(checkout=make_record("5").checkout, serving=moved).recall()
    assert found is not None
    assert replace(found, proofs=()) == SEEN
    dev, prod = found.proofs
    assert (dev.version, dev.outcome, prod) == ("3", "not needed", HELD)
    said = capsys.readouterr().out
    assert "were rehearsed for 4, at 1970-01-12 13:46 UTC, from the same databases" in said
    assert "release 1, which serves prod, works on the migrated schema: GET /" in said


OTHER_HEALTH = FakeFleetCloud(check=HealthCheck(scheme=Scheme.HTTP, port=80, path="/other"))
ASKED = ProofSettings(unit="shop.service", questions=(Question(method="GET", path="/new"),))


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param({"migrations": files(ONE, OTHER)}, id="another file"),
        pytest.param({"migrations": files(ONE, TWO, OTHER)}, id="one file more"),
        pytest.param({"starts": [start(0)]}, id="another version of the database"),
        pytest.param({"starts": [start(1, files(OTHER))]}, id="a database made otherwise"),
        pytest.param({"starts": []}, id="no database"),
        pytest.param({"starts": [start(), start(2, files(ONE, TWO))]}, id="one database more"),
        pytest.param({"rehearsal": replace(HOW, postgres=16)}, id="another Postgres"),
        pytest.param({"rehearsal": replace(HOW, image="postgis:16")}, id="another image"),
        pytest.param({"rehearsal": replace(HOW, extensions=("hstore",))}, id="an extension"),
        pytest.param({"rehearsal": replace(HOW, roles=("reader",))}, id="a role"),
        pytest.param({"rehearsal": replace(HOW, env={"SCHEMA": "x"})}, id="a variable"),
        pytest.param({"rehearsal": replace(HOW, rehearse=Rehearse.UP)}, id="how far"),
        pytest.param({"proof": proof(ASKED)}, id="another question"),
        pytest.param({"proof": proof(cloud=OTHER_HEALTH)}, id="another health check"),
        pytest.param({"proof": None, "serving": Serving()}, id="no proof"),
        pytest.param({"serving": Serving(lives=(DEV_SERVES,))}, id="nothing serves in prod"),
        pytest.param(
            {
                "serving": Serving(
                    lives=(DEV_SERVES, replace(PROD_SERVES, record=make_record("1.5")))
                )
            },
            id="another release in prod",
        ),
        pytest.param({"clock": lambda: 1_000_000.0 + 24 * 3600}, id="a day later"),
        pytest.param({"clock": lambda: 999_999.0}, id="a clock that went back"),
    ],
)
def test_whatever_it_depends_on_has_it_done_again(
    rehearsed: SchemaVersion, changed: dict[str, Any]
) -> None:
    assert before(**changed).recall() is None


def test_what_is_changed_during_a_rehearsal_was_not_tried() -> None:
    cloud = FakeFleetCloud(check=HealthCheck(scheme=Scheme.HTTP, port=80, path="/"))
    one = before(proof=proof(cloud=cloud))
    assert one.recall() is None
    cloud.check = OTHER_HEALTH.check
    settled = replace(HELD, environments=("dev",), version="2", outcome="not needed", said="")
    one.keep(replace(SEEN, proofs=(settled, HELD)))
    assert before(proof=proof(cloud=OTHER_HEALTH)).recall() is None
    assert before().recall() is not None


def test_what_other_code_rehearsed_is_rehearsed_again(
    rehearsed: SchemaVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout that was brought up to date, and has no other version."""
    assert before().recall() is not None
    monkeypatch.setattr(rehearsed_before, "own_code", lambda: "0" * 64)
    assert before().recall() is None


def test_whoever_wants_it_done_anew_has_it_done(rehearsed: SchemaVersion) -> None:
    one = before()
    assert one.recall(anew=True) is None
    one.keep(rehearsed)
    assert before().recall() is not None


def test_what_could_not_be_tried_or_failed_is_tried_again() -> None:
    warning = proof(ProofSettings(unit="shop.service", mode=OnBroken.WARN))
    for outcome in ("not possible", "broken"):
        before(proof=warning).keep(replace(SEEN, proofs=(replace(HELD, outcome=outcome),)))
    assert before(proof=warning).recall() is None


def test_a_pull_requests_rehearsal_is_nobodys_but_its_own() -> None:
    event = Event(kind=EventKind.PULL_REQUEST, ref="refs/heads/x", branch="main", number=3)
    proposed = replace(make_record("4").checkout, event=event)
    before(checkout=proposed).keep(replace(SEEN, proofs=(HELD,)))
    assert before().recall() is None


def test_what_somebody_else_wrote_does_not_count_and_stops_nobody(
    rehearsed: SchemaVersion, capsys: pytest.CaptureFixture[str]
) -> None:
    path, store = "rehearsals/shop.json", artifact_store()
    store.put_json(path, {**store.get_json(path), "more": 1})
    assert before().recall() is None
    before().keep(rehearsed)
    said = capsys.readouterr().out
    assert "what was rehearsed before does not count: rehearsals/shop.json in the" in said
    assert "this rehearsal is not noted for the next commit" in said


def test_the_newest_are_kept_and_the_rest_forgotten(rehearsed: SchemaVersion) -> None:
    for at in range(20):
        before(migrations=files(ONE, f"create table t{at} ();")).keep(rehearsed)
    assert before().recall() is None
    assert before(migrations=files(ONE, "create table t0 ();")).recall() is not None
