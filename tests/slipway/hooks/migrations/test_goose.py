from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from unittest import mock

import pytest

from slipway.exceptions import (
    EnvironmentMisconfigured,
    MigrationFailed,
    RightMissing,
    StepTimedOut,
    ToolFailed,
)
from slipway.hooks.migrations.goose import DatabaseState, Goose
from slipway.hooks.migrations.goose_file import GooseFile
from slipway.hooks.migrations.migration_files import MigrationFiles
from slipway.hooks.tools.toolbox import Toolbox
from slipway.model.container import ToolResult

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = MigrationFiles(archive=b"tar", directory="db/migrations", names={1: "1_a.sql"})
URL = "postgres://u:pa%2Fss@db:5432/x"


class Box:
    """A toolbox whose goose writes what it is told."""

    def __init__(self, *lines: str, exit_code: int = 0, **events: Any) -> None:
        self.mock = mock.create_autospec(Toolbox, instance=True)
        self.mock.run.side_effect = self._run
        self._lines = lines
        self._exit_code = exit_code
        self._events = events

    def _run(self, *argv: str, log: Callable[[str], None], **_: Any) -> ToolResult:
        wanted = json.loads(argv[argv.index("/work/goose_watch.py") + 1])
        for line in (*looked(wanted["mark"], **self._events), *self._lines):
            log(line)
        return ToolResult(exit_code=self._exit_code, output_tail=[], collected=None, seconds=1.5)

    def goose(self, log: list[str], **options: Any) -> Goose:
        return Goose(
            toolbox=self.mock, migrations=FILES, url=URL, log=log.append, timeout=60, **options
        )


def test_up_reads_what_goose_did() -> None:
    box = Box("OK   1_a.sql (1ms)", "goose: successfully migrated database to version: 1")
    log: list[str] = []
    run = box.goose(log).up()
    assert (run.version, run.applied, run.seconds) == (1, ("1_a.sql",), 1.5)
    assert len(log) == 2


def test_lines_that_come_at_once_are_read_one_by_one_and_logged_together() -> None:
    box = Box("OK   1_a.sql (1ms)\ngoose: successfully migrated database to version: 1")
    log: list[str] = []
    run = box.goose(log).up()
    assert (run.version, run.applied, len(log)) == (1, ("1_a.sql",), 1)


def told(box: Box) -> tuple[dict[str, Any], tuple[str, ...]]:
    """What the program beside goose is told, and goose's command line."""
    argv = box.mock.run.call_args.args
    at = argv.index("/work/goose_watch.py")
    return json.loads(argv[at + 1]), argv[at + 2 :]


def test_goose_is_told_everything_on_its_command_line_but_the_password() -> None:
    """Its environment is open to every migration, with `-- +goose ENVSUB ON`."""
    box = Box("goose: version 7")
    log: list[str] = []
    box.goose(log, env={"SCHEMA": "s"}).up()
    wanted, argv = told(box)
    assert wanted["names"] == ["SCHEMA"]
    assert argv[:7] == (
        "goose",
        "-dir",
        "/work/db/migrations",
        "-table",
        "goose_db_version",
        "-env",
        "none",
    )
    assert argv[7:] == (
        "postgres",
        "postgres://u@db:5432/x?options=-c%20lock_timeout%3D5000&application_name=slipway"
        "&connect_timeout=10&passfile=%2Frun%2Fsecrets%2Fpgpass",
        "up",
    )
    options = box.mock.run.call_args.kwargs
    assert options["environment"] == {
        "SCHEMA": "s",
        "GOOSE_DBSTRING": "postgres://u@db:5432/x",
        "PGAPPNAME": "slipway",
        "PGPASSFILE": "/run/secrets/pgpass",
    }
    assert options["secrets"] == {"pgpass": "*:*:*:*:pa/ss\n"}
    for form in ("pa%2Fss", "pa/ss"):
        assert form not in repr((box.mock.run.call_args.args, log, options["environment"]))


def test_what_a_url_says_already_stays_in_it() -> None:
    box = Box("goose: version 7")
    replace(box.goose([]), url="postgres://db/x?sslmode=disable", statement_timeout=2.5).up()
    assert told(box)[1][8].startswith(
        "postgres://db/x?sslmode=disable&options=-c%20lock_timeout%3D5000%20-c%20"
        "statement_timeout%3D2500&application_name"
    )


def looked(mark: str, **events: Any) -> list[str]:
    return [mark + json.dumps({kind: found}) for kind, found in events.items()]


def test_versions_that_are_kept_elsewhere_are_no_empty_database() -> None:
    box, log = Box(applied=[], elsewhere=["old.goose_db_version"], invalid=[]), list[str]()
    with pytest.raises(EnvironmentMisconfigured, match=r"the role 'u' .* old\.goose_db_version"):
        box.goose(log).state()
    assert Box(applied=[], elsewhere=[]).goose(log).state() == DatabaseState()


def test_looking_runs_no_goose() -> None:
    index = {"schema": "s", "name": "i", "index": "s.i", "table": "t"}
    box = Box(applied=[1, 3], invalid=[index])
    log: list[str] = []
    goose = box.goose(log)
    state = goose.state()
    assert state == DatabaseState(applied=frozenset({1, 3}), invalid=state.invalid)
    assert state.version == 3
    assert [one.index for one in state.invalid] == ["s.i"]
    wanted, argv = told(box)
    assert wanted["state"] is True
    assert argv == ()
    assert goose.look() == 3
    assert log == ["the database has schema 3"]


def test_a_migration_cannot_pass_its_own_text_off_as_what_was_seen() -> None:
    box = Box('slipway-0123456789abcdef: {"applied": [99]}', applied=[])
    log: list[str] = []
    assert box.goose(log).look() == 0
    assert len(log) == 2


def test_goose_says_why_nobody_gets_in() -> None:
    box = Box(
        "goose run: failed to connect to `x`: no such database (SQLSTATE 3D000)", exit_code=91
    )
    with pytest.raises(EnvironmentMisconfigured):
        box.goose([]).look()
    assert box.mock.run.call_count == 2


def test_what_must_not_be_read_is_not_taken_for_empty() -> None:
    box = Box(trouble={"code": "42501", "said": "permission denied for table goose_db_version"})
    with pytest.raises(RightMissing, match="GRANT SELECT"):
        box.goose([]).state()
    box = Box(trouble={"code": "57014", "said": "canceling statement"})
    with pytest.raises(ToolFailed, match="canceling"):
        box.goose([]).state()


TEXT = {
    1: "-- +goose Up\n",
    2: "-- +goose Up\n",
    3: "-- +goose NO TRANSACTION\n-- +goose Up\n",
    4: "-- +goose NO TRANSACTION\n-- +goose Up\ncreate index concurrently i on a (n);\n",
    5: "-- +goose Up\n",
}
PENDING = MigrationFiles(
    archive=b"tar",
    directory="m",
    names={at: f"{at}_x.sql" for at in TEXT},
    files={at: GooseFile.parse(f"{at}_x.sql", text.encode()) for at, text in TEXT.items()},
)


def test_files_without_a_transaction_are_run_one_by_one_and_without_limits() -> None:
    box = Box("goose: successfully migrated database to version: 5")
    fences: list[int] = []
    goose = replace(box.goose([]), migrations=PENDING, patience=9.0)
    goose.apply([1, 2, 3, 4, 5], lambda: fences.append(1))
    runs = [call.args for call in box.mock.run.call_args_list]
    assert [argv[-2:] for argv in runs] == [("up-to", str(at)) for at in (2, 3, 4, 5)]
    assert [argv[:2] for argv in runs] == [("migration-lock", "9")] * 4
    limited = [re.findall(r"lock_timeout%3D(\d+)", argv[-3])[0] for argv in runs]
    assert limited == ["5000", "0", "0", "5000"]
    assert "statement_timeout%3D0" in runs[2][-3]
    assert len(fences) == 4


def test_one_that_is_cut_short_is_for_a_person() -> None:
    box = Box()
    box.mock.run.side_effect = StepTimedOut("it ran longer than 3600 s")
    goose = replace(box.goose([]), migrations=PENDING)
    with pytest.raises(StepTimedOut):
        goose.apply([1], lambda: None)
    with pytest.raises(MigrationFailed, match=r"4_x\.sql was cut short: it ran longer") as caught:
        goose.apply([4], lambda: None)
    assert "nothing tries it" in caught.value.advice


def test_a_failure_names_file_and_direction() -> None:
    box = Box("goose run: ERROR 1_a.sql: boom", exit_code=1)
    with pytest.raises(MigrationFailed, match=r"1_a\.sql fails on the way down: boom"):
        box.goose([]).down_to(0)


def test_a_right_that_is_missing_is_told_with_the_role() -> None:
    box = Box(
        "goose run: ERROR 1_a.sql: ERROR: permission denied to create role (SQLSTATE 42501)",
        exit_code=1,
    )
    with pytest.raises(RightMissing, match=r"1_a\.sql (.|\n)*the role 'u' needs: CREATEROLE"):
        box.goose([]).up()


def test_a_goose_that_says_nothing_is_not_believed() -> None:
    with pytest.raises(ToolFailed, match="did not say"):
        Box("something new").goose([]).up()


def test_limits_that_a_file_sets_do_not_reach_those_behind_it() -> None:
    texts = ("select 1;", "set lock_timeout = 0;", "select 3;", "select 4;")
    named = {at: f"{at}_a.sql" for at in range(1, 5)}
    files = {
        at: GooseFile.parse(named[at], f"-- +goose Up\n{text}\n".encode())
        for at, text in enumerate(texts, 1)
    }
    box, log = Box("goose: version 4"), list[str]()
    goose = replace(box.goose(log), migrations=replace(FILES, names=named, files=files))
    goose.apply([1, 2, 3, 4], lambda: None)
    runs = [call.args[-2:] for call in box.mock.run.call_args_list]
    assert runs == [("up-to", "2"), ("up-to", "4")]
    limits = [" ".join(call.args) for call in box.mock.run.call_args_list]
    assert all("lock_timeout%3D5000" in one for one in limits)
