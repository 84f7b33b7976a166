from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from include.delivery.commit_dag import build
from include.project.freeze import Freeze
from include.project.loader import PROJECTS, load_project
from include.project.model import Project
from slipway.exceptions import ProjectFileError

GOOD = (PROJECTS / "guestbook.yaml").read_text()
FRIDAY = '{days: [fri], from: "15:00", until: "23:59", zone: Europe/Berlin, reason: weekend}'


def _load(tmp_path: Path, freeze: str, environment: str = "prod") -> Project:
    path = tmp_path / "shop.yaml"
    deploy = {"prod": "    deploy: manual", "dev": "    deploy: continuous"}[environment]
    path.write_text(GOOD.replace(deploy, f"{deploy}\n    freeze: [{freeze}]"))
    return load_project(path)


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (FRIDAY, "fri 15:00 to 24:00 Europe/Berlin: weekend"),
        ("{days: [sat, sun], reason: r}", "sat, sun 00:00 to 24:00 UTC: r"),
        ('{days: [mon], from: "9:05", reason: r}', "mon 09:05 to 24:00 UTC: r"),
        ('{days: [mon], from: "22:00", until: "06:00", reason: r}', "mon 22:00 to 06:00 UTC: r"),
        # The last day belongs to it.
        (
            "{from: 2026-12-19, until: 2027-01-04, reason: r}",
            "2026-12-19 00:00 to 2027-01-05 00:00 UTC: r",
        ),
        (
            "{from: 2026-12-19, until: 2026-12-19, reason: r}",
            "2026-12-19 00:00 to 2026-12-20 00:00 UTC: r",
        ),
        (
            "{from: 2026-12-19 18:00, until: 2027-01-04 08:00:30, reason: r}",
            "2026-12-19 18:00 to 2027-01-04 08:00:30 UTC: r",
        ),
    ],
)
def test_a_window_is_read_as_people_write_it(written: str, expected: str) -> None:
    assert str(Freeze.model_validate(yaml.safe_load(written)).window()) == expected


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ("{days: [fri], from: 15:00, reason: r}", '900 is not a time; put it in quotes: "15:00"'),
        ("{days: [fri], from: soon, reason: r}", "'soon' is neither a time"),
        ("{days: [fri], from: '25:00', reason: r}", "'25:00' is neither a time"),
        ("{days: [fri], from: true, reason: r}", "True is neither a time"),
        ("{days: [friday], reason: r}", "not 'friday'"),
        ("{days: [fri], zone: Europe/Berln, reason: r}", "did you mean 'Europe/Berlin'?"),
        ("{days: [fri], zone: Europe, reason: r}", "'Europe' is not a time zone"),
        ("{days: [fri]}", "reason: this field is required"),
        ('{days: [fri], form: "15:00", reason: r}', "did you mean 'from'?"),
        ("{days: [fri], from: 2026-12-19, reason: r}", "`from` and `until` are times"),
        ('{from: "15:00", until: "16:00", reason: r}', "name `days`, or give"),
        ("{from: 2026-12-19, reason: r}", "name `days`, or give"),
        ("{from: 2026-12-19, until: 2026-12-01, reason: r}", "where or before it begins"),
        ('{days: [fri], from: "15:00", until: "15:00", reason: r}', "where or before it begins"),
        ("{from: 2026-12-19T10:00:00Z, until: 2027-01-01, reason: r}", "a zone of its own"),
    ],
)
def test_a_wrong_window_is_named_with_its_place(tmp_path: Path, wrong: str, said: str) -> None:
    with pytest.raises(ProjectFileError) as caught:
        _load(tmp_path, wrong)
    assert said in str(caught.value)
    assert "environments.prod.freeze.0" in str(caught.value)


def test_a_frozen_environment_asks_the_calendar_first(tmp_path: Path) -> None:
    dag = build(_load(tmp_path, FRIDAY), "guestbook.prod")
    gate: Any = dag.get_task("check_freeze")
    assert (gate.downstream_task_ids, gate.skip) == ({"choose_release"}, False)
    assert gate.windows[0].zone == "Europe/Berlin"
    override = dag.params.get_param("override_freeze")
    assert "fri 15:00 to 24:00 Europe/Berlin: weekend" in str(override.description)


def test_a_commit_still_becomes_a_release_while_dev_is_frozen(tmp_path: Path) -> None:
    dag = build(_load(tmp_path, FRIDAY, "dev"), "guestbook")
    gate: Any = dag.get_task("check_freeze")
    assert gate.skip
    assert gate.upstream_task_ids == {"record_release"}
    assert gate.downstream_task_ids == {"bake_image", "preflight"}
    assert "override_freeze" in dag.params


def test_without_windows_there_is_nothing_to_check_or_override() -> None:
    project = load_project(PROJECTS / "guestbook.yaml")
    for dag_id in ("guestbook", "guestbook.prod"):
        dag = build(project, dag_id)
        assert "check_freeze" not in dag.task_ids
        assert "override_freeze" not in dag.params


@pytest.mark.parametrize(
    ("frozen", "dag_id", "skips"),
    [
        ("prod", "guestbook.prod", False),
        ("dev", "guestbook", True),
        ("dev", "guestbook.dev", False),
    ],
)
def test_each_task_that_may_begin_a_change_asks_the_calendar_again(
    tmp_path: Path, frozen: str, dag_id: str, skips: bool
) -> None:
    """A run may wait for hours behind its gate, or have it marked as successful."""
    dag = build(_load(tmp_path, FRIDAY, frozen), dag_id)
    for name in ("swap.migrate", "swap.launch", "swap.shift_traffic", "swap.retire_old"):
        task: Any = dag.get_task(name)
        assert [one.reason for one in task.windows] == ["weekend"]
        assert task.skip_frozen is skips, name
    back: Any = dag.get_task("swap.roll_back")
    assert not back.windows


def test_a_swap_that_a_person_said_yes_to_fails_in_a_freeze(tmp_path: Path) -> None:
    project = _load(tmp_path, FRIDAY, "dev")
    dev = project.environments["dev"].model_copy(update={"approval": True})
    asking = project.model_copy(update={"environments": {**project.environments, "dev": dev}})
    launch: Any = build(asking, "guestbook").get_task("swap.launch")
    assert launch.windows
    assert not launch.skip_frozen
