"""Rehearsals from what serves, on a real Postgres: what follows, what does not, what stays."""

from __future__ import annotations

import io
import uuid
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import docker
import pytest
from airflow.sdk.exceptions import AirflowFailException

from slipway.hooks.migrations.schema_records import SchemaRecord, SchemaRecords
from slipway.hooks.store.artifacts import artifact_store
from slipway.hooks.store.deployments import DeploymentHistory
from slipway.hooks.store.releases import ReleaseCatalogue
from slipway.model.facts import Release, SchemaVersion
from tests.integration.migrations import goose_runs
from tests.integration.migrations.goose_runs import GOOD, A, B, rehearse
from tests.slipway.operators.releases import make_record

if TYPE_CHECKING:
    from collections.abc import Iterator

    from slipway.hooks.docker.engine import ContainerEngine
    from tests.fakes.git_server import Repository

pytestmark = pytest.mark.integration
engine = goose_runs.engine
C = "-- +goose Up\ncreate table c (n int);\n-- +goose Down\ndrop table c;\n"


@pytest.fixture
def project() -> str:
    """A name of its own: what stands in the store is shared."""
    return f"shop-{uuid.uuid4().hex[:8]}"


def run(
    engine: ContainerEngine, repository: Repository, project: str, **options: Any
) -> SchemaVersion:
    sha = repository.git("rev-parse", "HEAD").strip()
    known: dict[str, Any] = {"environments": ["dev", "prod"], **options}
    return rehearse(engine, repository, sha, project=project, version="2", **known)


def stands(project: str, environment: str, sha: str, version: int) -> None:
    release = Release(project=project, sha=sha, version="1")
    SchemaRecords(artifact_store()).put(environment, SchemaRecord(release=release, version=version))


def test_each_state_of_the_environments_is_gone_up_from(
    engine: ContainerEngine, repository: Repository, project: str, capfd: pytest.CaptureFixture[str]
) -> None:
    stands(project, "prod", repository.commit(migrations__00001_a_dot_sql=A), 1)
    stands(project, "dev", repository.commit(migrations__00002_b_dot_sql=B), 2)
    repository.commit(migrations__00003_c_dot_sql=C)
    schema = run(engine, repository, project)
    assert (schema.before, schema.version, schema.applied) == (2, 3, ("00003_c.sql",))
    said = "".join(capfd.readouterr())
    assert "what serves: the database of prod (migrated by 1), at 1" in said
    assert "what serves: the database of dev (migrated by 1), at 2" in said
    assert "down to 2" in said


def test_what_served_before_there_were_records_is_read_from_the_history(
    engine: ContainerEngine, repository: Repository, project: str
) -> None:
    sha = repository.commit(migrations__00001_a_dot_sql=A)
    record = make_record("1.0.0")
    release = Release(project=project, sha=sha, version="1.0.0")
    live = replace(
        record,
        checkout=replace(record.checkout, release=release),
        schema=SchemaVersion(version=1, before=0, seconds=1.0),
    )
    ReleaseCatalogue(artifact_store()).record(live)
    DeploymentHistory(artifact_store()).record(release, "prod", run_id="r")
    repository.commit(migrations__00002_b_dot_sql=B)
    schema = run(engine, repository, project)
    assert (schema.before, schema.version) == (1, 2)


def test_a_file_that_was_changed_after_it_was_applied_fails_here_and_not_in_the_swap(
    engine: ContainerEngine, repository: Repository, project: str
) -> None:
    stands(project, "prod", repository.commit(**GOOD), 2)
    repository.commit(migrations__00002_b_dot_sql=A.replace("table a", "table d"))
    with pytest.raises(AirflowFailException, match=r"00002_b\.sql was changed after(.|\n)*of prod"):
        run(engine, repository, project)


def test_a_number_that_comes_too_late_fails_here_and_not_in_the_swap(
    engine: ContainerEngine, repository: Repository, project: str
) -> None:
    live = {"migrations__00001_a_dot_sql": A, "migrations__00005_c_dot_sql": C}
    stands(project, "prod", repository.commit(**live), 5)
    repository.commit(migrations__00003_b_dot_sql=B)
    with pytest.raises(AirflowFailException, match=r"00003_b\.sql would come too late: (.|\n)*5"):
        run(engine, repository, project)


def test_an_older_commit_is_rehearsed_by_itself(
    engine: ContainerEngine, repository: Repository, project: str, capfd: pytest.CaptureFixture[str]
) -> None:
    first = repository.commit(migrations__00001_a_dot_sql=A)
    stands(project, "prod", repository.commit(**GOOD), 2)
    repository.git("checkout", "-q", first)
    assert run(engine, repository, project).applied == ("00001_a.sql",)
    assert "the database of prod (migrated by 1) is ahead, at 2" in "".join(capfd.readouterr())


DROP = "alter table a add m int;\nalter table a drop column n;\n-- +goose Down\n"


@pytest.mark.parametrize(
    "text",
    [
        f"-- +goose Up\n{DROP}-- cannot be undone\n",
        f"-- slipway: irreversible\n-- +goose Up\n{DROP}",
        f"-- +goose Up\n{DROP}-- +goose StatementBegin\ndo $$ begin raise exception "
        "'irreversible'; end $$;\n-- +goose StatementEnd\n",
    ],
)
def test_the_way_down_ends_at_what_cannot_be_undone(
    engine: ContainerEngine,
    repository: Repository,
    project: str,
    text: str,
    capfd: pytest.CaptureFixture[str],
) -> None:
    repository.commit(
        migrations__00001_a_dot_sql=A,
        migrations__00002_d_dot_sql=text,
        migrations__00003_c_dot_sql=C,
    )
    assert run(engine, repository, project).version == 3
    said = "".join(capfd.readouterr())
    assert "00002_d.sql cannot be undone: the way down ends at 2" in said
    assert "down to 2" in said


def test_without_a_mark_the_way_is_told_and_the_project_may_leave_it_out(
    engine: ContainerEngine, repository: Repository, project: str
) -> None:
    stands(project, "prod", repository.commit(migrations__00001_a_dot_sql=A), 1)
    repository.commit(migrations__00002_d_dot_sql=f"-- +goose Up\n{DROP}")
    with pytest.raises(AirflowFailException, match=r"undoes nothing: (.|\n)*slipway: irreversible"):
        run(engine, repository, project)
    assert run(engine, repository, project, rehearse="up").version == 2


def test_variables_and_roles_are_there_as_in_the_environments(
    engine: ContainerEngine, repository: Repository, project: str
) -> None:
    grant = (
        "-- +goose Up\n-- +goose ENVSUB ON\ncreate schema ${SCHEMA};\n"
        "grant usage on schema ${SCHEMA} to readonly;\nalter schema ${SCHEMA} owner to readonly;\n"
        "-- +goose Down\ndrop schema ${SCHEMA};\n"
    )
    repository.commit(migrations__00001_g_dot_sql=grant)
    env = {"SCHEMA": "shop"}
    with pytest.raises(AirflowFailException, match=r"readonly(.|\n)*roles: \[\.\.\.\]"):
        run(engine, repository, project, env=env)
    with pytest.raises(AirflowFailException, match=r"00001_g\.sql, line 3: (.|\n)*env: {SCHEMA"):
        run(engine, repository, project, roles=["readonly"])
    assert run(engine, repository, project, env=env, roles=["readonly"]).version == 1


@pytest.fixture
def postgis() -> Iterator[str]:
    """An image with an extension that the usual one lacks, named as one that people use."""
    client, name = docker.from_env(), f"fixture/postgis-{uuid.uuid4().hex[:8]}:15"
    folder = "/usr/share/postgresql/15/extension"
    recipe = (
        "FROM slipway/postgres:15\n"
        f"RUN echo \"default_version = '1'\" > {folder}/postgis.control "
        f"&& echo 'create function postgis_version() returns int language sql as "
        f"$$ select 3 $$;' > {folder}/postgis--1.sql\n"
    )
    client.images.build(fileobj=io.BytesIO(recipe.encode()), tag=name, rm=True)
    yield name
    client.images.remove(name)


def test_an_image_of_its_own_has_the_extensions_that_the_usual_one_lacks(
    engine: ContainerEngine, repository: Repository, project: str, postgis: str
) -> None:
    use = "-- +goose Up\ncreate extension if not exists postgis;\nselect postgis_version();\n"
    repository.commit(migrations__00001_e_dot_sql=use + "-- +goose Down\nselect 1;\n")
    with pytest.raises(AirflowFailException, match=r"postgis(.|\n)*image: \.\.\."):
        run(engine, repository, project)
    with pytest.raises(AirflowFailException, match=r"lacks an extension(.|\n)*image: \.\.\."):
        run(engine, repository, project, extensions=["postgis"])
    # As in the environment: only a superuser makes it.
    with pytest.raises(AirflowFailException, match=r"CREATE EXTENSION postgis;"):
        run(engine, repository, project, image=postgis)
    assert run(engine, repository, project, image=postgis, extensions=["postgis"]).version == 1
