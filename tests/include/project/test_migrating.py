"""What a project file says of migrations, and what comes of it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from include.delivery.commit_dag import build
from include.delivery.environment_dag import environment_dag
from include.project.loader import PROJECTS, load_project
from include.project.migrating import Migrations
from slipway.exceptions import ProjectFileError

GOOD = (PROJECTS / "guestbook.yaml").read_text()
WRITTEN = """  postgres: 15
  image: postgis/postgis:16-3.4
  roles: [readonly]
  rehearse: up
  lock_timeout: 3s
  statement_timeout: 10m
  env: {SCHEMA: shop, OWNER: app}
"""


def written(tmp_path: Path, *, prod: str = "", migrations: str = WRITTEN) -> Any:
    path = tmp_path / "guestbook.yaml"
    text = GOOD.replace("  postgres: 15\n", migrations, 1)
    path.write_text(text.replace("    deploy: manual\n", f"    deploy: manual\n{prod}", 1))
    return load_project(path)


def test_the_tasks_know_how_migrations_are_rehearsed_and_run(tmp_path: Path) -> None:
    project = written(
        tmp_path,
        prod="    migrations: {lock_timeout: 1s, statement_timeout: 2h, env: {OWNER: app_prod}}\n",
    )
    dag = build(project, "guestbook")
    rehearsal: Any = dag.get_task("rehearse_migrations")
    assert (rehearsal.image, rehearsal.roles) == ("postgis/postgis:16-3.4", ("readonly",))
    assert (rehearsal.rehearse, rehearsal.environments) == ("up", ("dev", "prod"))
    assert rehearsal.env == {"SCHEMA": "shop", "OWNER": "app"}
    dev: Any = dag.get_task("swap.migrate")
    assert (dev.lock_timeout, dev.statement_timeout) == (3.0, 600.0)
    assert dev.env == {"SCHEMA": "shop", "OWNER": "app"}
    prod_dag = environment_dag(project, "prod")
    prod: Any = prod_dag.get_task("swap.migrate")
    assert (prod.lock_timeout, prod.statement_timeout) == (1.0, 7200.0)
    assert prod.env == {"SCHEMA": "shop", "OWNER": "app_prod"}
    assert prod.execution_timeout > timedelta(hours=2)
    plan: Any = prod_dag.get_task("plan")
    assert (plan.schema.environment, plan.schema.env) == ("prod", prod.env)


def test_a_project_file_of_before_means_what_it_meant() -> None:
    dag = build(load_project(PROJECTS / "guestbook.yaml"), "guestbook")
    migrate: Any = dag.get_task("swap.migrate")
    assert (migrate.lock_timeout, migrate.statement_timeout, migrate.env) == (5.0, None, {})
    assert migrate.execution_timeout >= timedelta(hours=1)


@pytest.mark.parametrize(
    "wrong",
    [
        {"env": {"PGPASSWORD": "x"}},
        {"env": {"GOOSE_DBSTRING": "x"}},
        {"env": {"_A": "x"}},
        {"env": {"A": "a\0b"}},
        {"lock_timeout": "0"},
        {"statement_timeout": "soon"},
        {"image": "https://r.example.com/postgis"},
        {"image": ""},
        {"rehearse": "down"},
        {"roles": ['x"; drop']},
        {"roles": ["pg_execute_server_program"]},
        {"roles": ["postgres"]},
    ],
)
def test_what_could_not_work_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Migrations.model_validate(wrong)


def test_a_variable_of_one_environment_alone_would_not_be_rehearsed(tmp_path: Path) -> None:
    with pytest.raises(ProjectFileError, match=r"give OTHER a value in migrations\.env as well"):
        written(tmp_path, prod="    migrations: {env: {OTHER: x}}\n")
