"""Migrations beside the release that serves: its real package, on a real Postgres."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException

from include.demo import down
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.releases import ReleaseCatalogue, ReleaseRecord
from slipway.model.facts import Checkout, PublishedPackage, Release, SchemaVersion
from slipway.model.proof_settings import OnBroken, ProofSettings, Question
from slipway.model.schema_facts import LiveProof
from slipway.operators import swap
from slipway.operators.build_deb import BuildDebOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.tasks.schema.rehearsal import Rehearsal
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.fakes.git_server import Repository
from tests.slipway.fleet.worlds import make_group, make_target
from tests.slipway.operators.commit_runs import signed

pytestmark = [pytest.mark.integration, pytest.mark.timeout(300)]
GUESTBOOK = Path(__file__).resolve().parents[3] / "include" / "examples" / "guestbook"
ENTRY = Question(method="POST", path="/entries", body='{"author": "Ada", "message": "hi"}')
SETTINGS = ProofSettings(
    unit="guestbook.service",
    environment={"GUESTBOOK_PORT": "8000"},
    questions=(Question(method="GET", path="/entries"), ENTRY),
    timeout=30.0,
)
# What the service writes is what it always wrote, but the table calls it otherwise.
RENAMED = "ALTER TABLE entries RENAME COLUMN author TO writer;"
EXPANDED = "ALTER TABLE entries ADD COLUMN mood text;"
UP = "-- +goose Up\n{up}\n-- +goose Down\n{down}\n"
BACK = "ALTER TABLE entries RENAME COLUMN writer TO author;"


@pytest.fixture(autouse=True)
def installation(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    name = f"test-{uuid.uuid4().hex[:8]}"
    monkeypatch.setenv("AIRFLOW__SLIPWAY__INSTALLATION", name)
    yield name
    assert down.remove_from_docker(name) <= 1, "something is left, besides the guard"


@pytest.fixture
def cloud(monkeypatch: pytest.MonkeyPatch) -> FakeFleetCloud:
    cloud = FakeFleetCloud()
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    return cloud


def _checkout(repository: Repository, version: str, message: str) -> Checkout:
    sha = repository.commit(message)
    return Checkout(
        release=Release(project="guestbook", sha=sha, version=version),
        repository=repository.url,
        ref="main",
        branch="main",
        message=message,
        author_name="",
        author_email="",
        committed_at=1_700_000_000,
    )


@pytest.fixture
def live(repository: Repository, cloud: FakeFleetCloud, artifacts: Path) -> Release:
    """Release 1 of the guestbook, which serves."""
    ignored = shutil.ignore_patterns("__pycache__", ".pytest_cache")
    shutil.copytree(GUESTBOOK, repository.path, dirs_exist_ok=True, ignore=ignored)
    checkout = _checkout(repository, "1.0.0", "one")
    release = checkout.release
    build = BuildDebOperator(
        task_id="build_deb",
        checkout=checkout.to_json(),
        repository=repository.source,
        package="guestbook",
        nfpm_file="packaging/nfpm.yaml",
        unit="guestbook.service",
    )
    context = FakeTask(dag_id="guestbook", run_id="one", task_id="build_deb").context
    deb = build.execute(signed(context, checkout=checkout))
    package = PublishedPackage(
        release=release,
        name="guestbook",
        version="1.0.0",
        architecture="all",
        sha256=deb["sha256"],
        repository_url="http://x",
        distribution="stable",
        component="main",
        signing_key="k",
    )
    schema = SchemaVersion(version=3, before=0, seconds=1.0)
    record = ReleaseRecord(checkout=checkout, package=package, schema=schema)
    ReleaseCatalogue(artifact_store()).record(record)
    cloud.groups["1"] = make_group("1.0.0")
    return release


def rehearse(
    repository: Repository, *files: tuple[str, str], settings: ProofSettings = SETTINGS
) -> SchemaVersion:
    for number, (up, back) in enumerate(files, 4):
        path = repository.path / "migrations" / f"{number:05d}_step.sql"
        path.write_text(UP.format(up=up, down=back))
    checkout = _checkout(repository, "2.0.0", "two")
    dev, prod = (
        make_target(project="guestbook", environment=name, health_path="/healthz", health_port=8000)
        for name in ("dev", "prod")
    )
    operator = GooseRehearseOperator(
        task_id="rehearse_migrations",
        checkout=checkout.to_json(),
        repository=repository.source,
        directory="migrations",
        postgres=15,
        targets=[dev, prod],
        proof=settings,
    )
    context = FakeTask(dag_id="guestbook", run_id="two", task_id="rehearse_migrations").context
    return SchemaVersion.from_json(operator.execute(signed(context, checkout=checkout)))


def test_a_migration_that_breaks_what_serves_is_stopped_with_the_failing_query(
    repository: Repository, live: Release
) -> None:
    with pytest.raises(AirflowFailException) as caught:
        rehearse(repository, (EXPANDED, "ALTER TABLE entries DROP COLUMN mood;"), (RENAMED, BACK))
    said = str(caught.value)
    assert "release 1.0.0, which serves dev and prod, fails on the migrated schema" in said
    assert "after 00005_step.sql: POST /entries: 500" in said
    query = 'column "author" of relation "entries" does not exist (SQLSTATE 42703), in: INSERT INTO'
    assert f"the first query that failed: {query}" in said


def test_a_migration_that_what_serves_can_live_with_passes(
    repository: Repository, live: Release
) -> None:
    heavy = "CREATE INDEX ON entries (author);"
    schema = rehearse(repository, (f"{EXPANDED}\n{heavy}", "ALTER TABLE entries DROP mood;"))
    (proof,) = schema.proofs
    assert (proof.outcome, proof.environments, proof.schema) == ("held", ("dev", "prod"), 3)
    assert "POST /entries" in proof.said
    change = next(one for one in schema.heavy if one.version == 4)
    assert (change.file, change.line, change.table) == ("00004_step.sql", 3, "public.entries")
    assert "CONCURRENTLY" in change.safer


def test_what_was_rehearsed_just_so_starts_nothing_for_the_next_commit(
    repository: Repository, live: Release, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = (EXPANDED, "ALTER TABLE entries DROP mood;")
    first = rehearse(repository, files)
    (repository.path / "README").write_text("nothing of a migration")
    with monkeypatch.context() as patch:
        patch.setattr(Rehearsal, "run", mock.Mock(side_effect=AssertionError("rehearsed again")))
        assert rehearse(repository, files) == first
    # Others are rehearsed, whatever was seen of these.
    with pytest.raises(AirflowFailException, match="fails on the migrated schema"):
        rehearse(repository, files, (RENAMED, BACK))


def test_a_release_that_cannot_start_here_stops_nobody(
    repository: Repository, live: Release, caplog: pytest.LogCaptureFixture
) -> None:
    elsewhere = ProofSettings(unit="guestbook.service", stand_ins={"DATABASE_URL": ""}, timeout=4.0)
    (proof,) = rehearse(repository, (RENAMED, BACK), settings=elsewhere).proofs
    assert proof.outcome == "not possible"
    assert "DATABASE_URL is not set" in proof.said


def test_what_serves_without_a_stored_package_stops_nobody(
    repository: Repository, live: Release, artifacts: Path
) -> None:
    shutil.rmtree(artifacts / "deb")
    (proof,) = rehearse(repository, (RENAMED, BACK)).proofs
    assert proof.outcome == "not possible"
    assert "its package guestbook is not in the artifact store any more" in proof.said


def test_a_command_of_the_project_is_run_and_a_warning_is_enough_for_some(
    repository: Repository, live: Release
) -> None:
    command = (
        'test "$(id -un)" = guestbook && python3 -c "import os, psycopg2; psycopg2.connect('
        "os.environ['DATABASE_URL']).cursor().execute('select author from entries')\""
    )
    settings = ProofSettings(
        unit="guestbook.service", command=command, mode=OnBroken.WARN, timeout=30.0
    )
    (proof,) = rehearse(repository, (RENAMED, BACK), settings=settings).proofs
    assert (proof.outcome, proof.migration) == ("broken", "00004_step.sql")
    assert "the command fails: exit code 1" in proof.said
    assert 'column "author" does not exist' in proof.said


def test_where_nothing_is_new_or_nothing_serves_nothing_is_started(
    repository: Repository, live: Release, cloud: FakeFleetCloud
) -> None:
    (proof,) = rehearse(repository).proofs
    assert proof.outcome == "not needed"
    cloud.groups.clear()
    proofs = rehearse(repository, (RENAMED, BACK)).proofs
    nothing = [
        LiveProof(
            environments=(one,),
            version="",
            outcome="not needed",
            said="no release serves there yet",
        )
        for one in ("dev", "prod")
    ]
    assert list(proofs) == nothing
