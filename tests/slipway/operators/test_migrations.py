from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, cast
from unittest import mock

import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.exceptions import LeaseHeld, MigrationFailed, ToolFailed
from slipway.hooks.docker.engine import ContainerEngine
from slipway.hooks.migrations.goose import DatabaseState, Goose, GooseRun
from slipway.hooks.migrations.schema_records import SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.model.facts import Release, SchemaVersion
from slipway.operators import migrations as goose
from slipway.operators import swap
from slipway.operators.migrations import GooseMigrateOperator
from tests.fakes.airflow_run import FakeTask
from tests.fakes.fleet_cloud import FakeFleetCloud
from tests.slipway.fleet.worlds import make_target

if TYPE_CHECKING:
    from tests.fakes.git_server import Repository

CONTEXT: Any = FakeTask(task_id="migrate").context


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The goose that the operator uses, scripted; and a database to migrate."""
    cloud = FakeFleetCloud()
    monkeypatch.setattr(swap, "fleet_cloud", lambda *_, **__: cloud)
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(goose, "container_engine", lambda _: engine)
    connection = {"conn_type": "postgres", "host": "db", "login": "u", "password": "p/w"}
    monkeypatch.setenv("AIRFLOW_CONN_SHOP_DEV", json.dumps(connection))
    with mock.patch.object(goose, "Goose", autospec=True) as made:
        made.return_value.env = {}

        def make(**options: Any) -> Goose:
            made.return_value.migrations = options["migrations"]
            return cast("Goose", made.return_value)

        made.side_effect = make
        yield made


def standing(version: int) -> DatabaseState:
    """A database that has all migrations up to a number."""
    return DatabaseState(applied=frozenset(range(1, version + 1)))


def migrate(
    repository: Repository, *, on_roll_back: str = "expand_only", sha: str = "", **files: str
) -> SchemaVersion:
    sha = sha or repository.commit(**files)
    operator = GooseMigrateOperator(
        task_id="migrate",
        target=make_target(),
        release=Release(project="shop", sha=sha, version="1").to_json(),
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_dev",
        on_roll_back=on_roll_back,
    )
    return SchemaVersion.from_json(operator.execute(CONTEXT))


THREE = {f"migrations__{n}_x_dot_sql": "-- +goose Up\n" for n in (1, 2, 3)}


def test_a_database_behind_the_release_is_brought_up(repository: Repository, runs: Any) -> None:
    runs.return_value.state.return_value = standing(1)
    applied = ("2_x.sql", "3_x.sql")
    runs.return_value.apply.return_value = GooseRun(version=3, applied=applied, seconds=2.0)
    schema = migrate(repository, **THREE)
    assert schema == SchemaVersion(version=3, before=1, applied=applied, seconds=2.0)
    assert runs.call_args.kwargs["url"] == "postgres://u:p%2Fw@db:5432/u"


def test_a_database_ahead_of_the_release_is_left_alone(repository: Repository, runs: Any) -> None:
    runs.return_value.state.return_value = standing(7)
    assert migrate(repository, **THREE) == SchemaVersion(version=7, before=7, seconds=0.0)
    runs.return_value.apply.assert_not_called()


def test_whoever_lost_the_lease_meanwhile_migrates_nothing(
    repository: Repository, runs: Any
) -> None:
    cloud = swap.open_cloud(make_target())

    def slept() -> DatabaseState:
        cloud.lease(owner="another", is_dead=lambda _: True).acquire("2")
        return standing(1)

    runs.return_value.state.side_effect = slept
    runs.return_value.apply.side_effect = lambda _, fence: fence()
    with pytest.raises(LeaseHeld, match="another is changing this environment to 2"):
        migrate(repository, **THREE)
    assert runs.return_value.apply.call_count == 1  # where each of its runs asks first


def test_a_project_may_stop_where_the_database_is_ahead(repository: Repository, runs: Any) -> None:
    runs.return_value.state.return_value = standing(7)
    with pytest.raises(AirflowFailException, match="schema 7, release 1 knows 3, and the project"):
        migrate(repository, on_roll_back="stop", **THREE)
    runs.return_value.apply.assert_not_called()
    runs.return_value.down_to.assert_not_called()
    runs.return_value.state.return_value = standing(3)
    runs.return_value.apply.return_value = GooseRun(version=3, applied=(), seconds=1.0)
    assert migrate(repository, on_roll_back="stop", **THREE).version == 3


def test_a_bad_migration_fails_for_good_and_a_lock_may_be_tried_again(
    repository: Repository, runs: Any
) -> None:
    runs.return_value.state.return_value = standing(0)
    runs.return_value.apply.side_effect = MigrationFailed("1_x.sql fails")
    with pytest.raises(AirflowFailException, match=r"1_x\.sql fails"):
        migrate(repository, **THREE)
    runs.return_value.apply.side_effect = ToolFailed("lock timeout")
    with pytest.raises(ToolFailed):
        migrate(repository, **THREE)


def test_a_directory_without_migrations_fails_before_the_database_is_asked(
    repository: Repository, runs: Any
) -> None:
    with pytest.raises(AirflowFailException, match="no migration files"):
        migrate(repository, migrations__README_dot_md="x")
    repository.git("rm", "-rq", "migrations")
    with pytest.raises(AirflowFailException, match="has no migrations"):
        migrate(repository)
    runs.assert_not_called()


def test_killing_removes_the_containers_of_this_task(
    repository: Repository, runs: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = mock.create_autospec(ContainerEngine, instance=True)
    monkeypatch.setattr(goose, "container_engine", lambda _: engine)
    runs.return_value.state.return_value = standing(7)
    operator = GooseMigrateOperator(
        task_id="migrate",
        target=make_target(),
        repository=repository.source,
        directory="migrations",
        database_conn_id="shop_dev",
        release=Release(project="shop", sha=repository.commit(**THREE), version="1").to_json(),
    )
    operator.on_kill()  # nothing has been made yet
    engine.remove_labelled.assert_not_called()
    operator.execute(CONTEXT)
    operator.on_kill()
    assert engine.remove_labelled.call_args.args[0]["slipway.task"] == "migrate"


DROP = "-- slipway: irreversible\n-- +goose Up\n"


def test_how_far_a_database_came_is_on_record_also_after_a_failure(
    repository: Repository, runs: Any, artifacts: object
) -> None:
    made = runs.return_value
    made.state.side_effect = [standing(1), standing(2)]
    made.apply.side_effect = MigrationFailed("3_x.sql fails")
    with pytest.raises(AirflowFailException):
        migrate(repository, **(THREE | {"migrations__2_x_dot_sql": DROP}))
    record = SchemaRecords(artifact_store()).find("shop", "dev")
    assert record is not None
    assert (record.version, record.before, record.irreversible) == (2, 1, ("2_x.sql",))
    # The next try goes on where that one ended, and the release began where it began.
    made.state.side_effect = [standing(2)]
    made.apply.side_effect = [GooseRun(version=3, applied=("3_x.sql",), seconds=1.0)]
    migrate(repository, sha=record.release.sha)
    record = SchemaRecords(artifact_store()).find("shop", "dev")
    assert record is not None
    assert (record.version, record.before) == (3, 1)


def test_the_way_back_says_what_cannot_be_undone(
    repository: Repository, runs: Any, artifacts: object, capfd: pytest.CaptureFixture[str]
) -> None:
    first = repository.commit(migrations__1_x_dot_sql="-- +goose Up\n")
    runs.return_value.state.return_value = standing(1)
    runs.return_value.apply.return_value = GooseRun(version=3, applied=(), seconds=1.0)
    migrate(repository, **(THREE | {"migrations__2_x_dot_sql": DROP}))
    runs.return_value.state.return_value = standing(3)
    repository.git("checkout", "-q", first)
    migrate(repository, message="back")
    said = "".join(capfd.readouterr())
    assert "nothing is undone; 2_x.sql cannot be undone: if 1 needs what was taken away" in said
    with pytest.raises(AirflowFailException, match=r"2_x\.sql cannot be undone"):
        migrate(repository, on_roll_back="stop", message="back again")
