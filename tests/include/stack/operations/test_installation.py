"""Compose is called for the installation that is meant, and says what went wrong."""

from __future__ import annotations

import dataclasses
import json
import sys
from pathlib import Path

import pytest

from include.stack.operations import installation as module
from include.stack.operations.installation import (
    Installation,
    OperationFailed,
    compose_program,
    of,
    read_variables,
)

# Says what it was called with; fails when it is told to.
COMPOSE = """\
import json, sys
if "fail" in sys.argv: sys.exit("no such service")
print(json.dumps(sys.argv[1:]))
"""


@pytest.fixture
def variables(tmp_path: Path) -> Path:
    (tmp_path / "compose.py").write_text(COMPOSE)
    file = tmp_path / "variables.env"
    file.write_text('# of here\n\nSLIPWAY_SECRETS=/srv/secrets\nSLIPWAY_LOGS = "s3://a=b"\n')
    return file


def _installation(variables: Path, project: str = "") -> Installation:
    program = (sys.executable, str(variables.parent / "compose.py"))
    return Installation(variables=variables, project=project, program=program)


def test_compose_is_told_of_this_installation_alone(variables: Path) -> None:
    told = json.loads(_installation(variables, "other").told("ps", "-q"))
    assert told == [
        *("-p", "other", "--env-file", str(variables)),
        *("-f", "docker-compose.yaml", "ps", "-q"),
    ]
    assert "-p" not in json.loads(_installation(variables).told("ps"))


def test_a_failure_is_told_in_the_users_words(
    variables: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(OperationFailed, match="failed; the reason is above"):
        _installation(variables).compose("fail", "quietly")
    assert "no such service" in capfd.readouterr().err


def test_no_password_is_on_a_command_line(variables: Path) -> None:
    words = _installation(variables).postgres("pg_dump $at", "one")
    assert words[:3] == ["exec", "-T", "postgres"]
    assert "$(cat /run/secrets/postgres_password)" in words[5]
    assert words[-1] == "one"


def test_variables_are_read_as_compose_reads_them(variables: Path) -> None:
    assert read_variables(variables) == {
        "SLIPWAY_SECRETS": "/srv/secrets",
        "SLIPWAY_LOGS": "s3://a=b",
    }


def test_an_installation_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OperationFailed, match="there is no such file"):
        of(tmp_path / "variables.env")


def test_a_machine_without_compose_is_told_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(OperationFailed, match="apt-get install docker-compose"):
        compose_program()


def test_it_runs_where_nothing_is_installed() -> None:
    """On the machine that has the containers: the system's Python, and a clone."""
    for file in Path(module.__file__).parent.glob("*.py"):
        for line in file.read_text().splitlines():
            # Deeper ones are for the stack of this clone, which has a .venv.
            if line.startswith(("import ", "from ")) and "include.stack" not in line:
                name = line.split()[1].partition(".")[0]
                assert name in sys.stdlib_module_names, (file.name, line)


def test_compose_believes_the_file_whatever_the_shell_says(
    variables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (variables.parent / "compose.py").write_text(
        'import os\nprint(os.environ.get("SLIPWAY_SECRETS"), os.environ.get("SLIPWAY_OTHER"))\n'
    )
    monkeypatch.setenv("SLIPWAY_SECRETS", "/home/ann/secrets")
    monkeypatch.setenv("SLIPWAY_OTHER", "kept")
    assert _installation(variables).told("ps") == "None kept"


def test_a_stack_may_see_none_but_some_of_the_shells_variables(
    variables: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (variables.parent / "compose.py").write_text(
        "import os\nprint(*(os.environ.get(name) for name in ('SLIPWAY_SECRETS', 'ONE', 'TWO')))\n"
    )
    for name in ("SLIPWAY_SECRETS", "ONE", "TWO"):
        monkeypatch.setenv(name, name)
    found = dataclasses.replace(_installation(variables), passed_on=("SLIPWAY_SECRETS", "TWO", "X"))
    assert found.told("ps") == "None None TWO"
