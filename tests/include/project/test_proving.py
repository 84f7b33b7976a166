from __future__ import annotations

from pathlib import Path

import pytest

from include.delivery.commit_dag import commit_dag
from include.project.loader import PROJECTS, load_project
from include.project.model import Migrations, Project
from slipway.exceptions import ProjectFileError
from slipway.model.proof_settings import OnBroken, Question
from slipway.operators.migrations import GooseMigrateOperator
from slipway.operators.rehearse_migrations import GooseRehearseOperator
from slipway.policies.heavy_changes import OnHeavy

GOOD = (PROJECTS / "guestbook.yaml").read_text()


def project(tmp_path: Path, *lines: str) -> Project:
    path = tmp_path / "shop.yaml"
    more = "".join(f"\n  {line}" for line in lines)
    path.write_text(GOOD.replace("  postgres: 15\n", f"  postgres: 15{more}\n", 1))
    return load_project(path)


def migrations(tmp_path: Path, *lines: str) -> Migrations:
    found = project(tmp_path, *lines).migrations
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("written", "mode"),
    [
        ("off", OnBroken.OFF),
        ("warn", OnBroken.WARN),
        ("stop", OnBroken.STOP),
        ("on", OnBroken.STOP),
        ("{}", OnBroken.STOP),
    ],
)
def test_a_proof_may_be_only_what_follows(tmp_path: Path, written: str, mode: OnBroken) -> None:
    """YAML takes off for false."""
    assert migrations(tmp_path, f"prove: {written}").prove.mode is mode
    assert migrations(tmp_path).prove.mode is OnBroken.STOP


def test_what_a_release_is_asked_on_the_migrated_schema(tmp_path: Path) -> None:
    requests = """[GET /entries, 'POST /entries {"author": "Ada"}']"""
    found = migrations(
        tmp_path, f"prove: {{requests: {requests}, command: ./smoke, timeout: 30s}}"
    ).prove
    assert found.requests == (
        Question(method="GET", path="/entries"),
        Question(method="POST", path="/entries", body='{"author": "Ada"}'),
    )
    assert (found.command, found.timeout.total_seconds()) == ("./smoke", 30)


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("prove: {requests: [entries]}", "write a method and a path: GET /entries"),
        ("prove: {requests: [get /entries]}", "write a method and a path"),
        ("prove: {timeout: 6m}", "up to 5 minutes"),
        ("prove: halt", "'off', 'warn' or 'stop'"),
        ("prove: {image: https://x}", "an image's name"),
        ("heavy_from: large", "write 100 MB or 2 GB"),
        ("heavy: halt", "'warn', 'ask' or 'stop'"),
    ],
)
def test_what_cannot_be_meant_is_told(tmp_path: Path, line: str, says: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        project(tmp_path, line)
    assert says in str(caught.value)


def test_from_which_size_on_a_table_is_large(tmp_path: Path) -> None:
    assert migrations(tmp_path).heavy_from == 100 << 20
    for written, size in (("2 GB", 2 << 30), ("1.5kB", 1536), ("0", 0), ("700MB", 700 << 20)):
        assert migrations(tmp_path, f"heavy_from: {written}").heavy_from == size


def test_the_tasks_know_what_the_project_wants(tmp_path: Path) -> None:
    found = project(
        tmp_path, "heavy: ask", "heavy_from: 1 GB", "prove: {mode: warn, config: {KEY: x}}"
    )
    tasks = {task.task_id: task for task in commit_dag(found).tasks}
    rehearse, migrate = tasks["rehearse_migrations"], tasks["swap.migrate"]
    assert isinstance(rehearse, GooseRehearseOperator)
    assert isinstance(migrate, GooseMigrateOperator)
    assert [one.environment for one in rehearse.targets] == ["dev", "prod"]
    proof = rehearse.proof
    assert proof is not None
    assert (proof.mode, proof.stand_ins) == ("warn", {"KEY": "x"})
    assert (proof.unit, proof.environment) == (
        "guestbook.service",
        {"GUESTBOOK_PORT": "8000"},
    )
    assert (migrate.heavy, migrate.heavy_from) == (OnHeavy.ASK, 1 << 30)
