"""What a unit says, read without systemd."""

from __future__ import annotations

import ast
import inspect
import os
import pwd
import sys
from pathlib import Path

import pytest

from slipway.hooks import service_questions, unit_runner
from slipway.hooks.unit_runner import Service, environment_file, last, read_unit

ME = pwd.getpwuid(os.getuid()).pw_name
UNIT = f"""[Unit]
Description=x
ExecStart=/not/this
[Service]
User={ME}
Environment=A=1 "B=two words" C=%i
Environment=D=%%
EnvironmentFile=-{{folder}}/*.env
EnvironmentFile=-/nowhere
ExecStart=-/usr/bin/app --name=%n ${{{{A}}}} \\
    $B "quoted $A" $$HOME
# Restart=always
Restart=on-failure
RestartPreventExitStatus=78
"""


def service(tmp_path: Path, name: str = "app@one.service", **given: str) -> Service:
    (tmp_path / "app@.service").write_text(UNIT.format(folder=tmp_path))
    (tmp_path / "a.env").write_text('# no\nFILE="it \\"is\\" $5"\nA=from file\nBARE = x y \n')
    return Service(name, read_unit(name, (str(tmp_path),)), given)


def test_an_instance_is_read_from_its_template_and_drop_ins_come_on_top(tmp_path: Path) -> None:
    service(tmp_path)
    dropin = tmp_path / "app@.service.d" / "10.conf"
    dropin.parent.mkdir()
    dropin.write_text("[Service]\nExecStart=\nExecStart=/other\nRestart=no\n")
    unit = read_unit("app@one.service", (str(tmp_path),))
    assert (unit["ExecStart"], last(unit, "Restart")) == (["/other"], "no")


def test_what_is_given_wins_over_files_and_those_over_the_unit(tmp_path: Path) -> None:
    found = service(tmp_path, D="given").environment
    assert found["A"] == "from file"
    assert (found["B"], found["C"], found["D"]) == ("two words", "one", "given")
    assert (found["FILE"], found["BARE"]) == ('it "is" $5', "x y")
    assert (found["USER"], found["PATH"].split(":")[0]) == (ME, "/usr/local/sbin")


def test_a_command_is_split_as_systemd_does(tmp_path: Path) -> None:
    one = service(tmp_path)
    command = one.unit["ExecStart"][0].lstrip("-")
    assert one.argv(command) == [
        "/usr/bin/app",
        "--name=app@one.service",
        "from file",
        "two",
        "words",
        "quoted $A",
        "$HOME",
    ]


def test_a_unit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match=r"there is no unit x\.service"):
        read_unit("x.service", (str(tmp_path),))


def test_a_user_that_is_not_there_is_named_but_for_a_dynamic_one() -> None:
    with pytest.raises(SystemExit, match="there is no user nobody-here"):
        Service("x.service", {"User": ["nobody-here"]}, {})
    dynamic = Service("x.service", {"User": ["nobody-here"], "DynamicUser": ["yes"]}, {})
    assert dynamic.uid == 65534
    assert Service("x.service", {}, {}).uid == 0


def test_a_program_runs_in_the_services_environment(tmp_path: Path) -> None:
    one = service(tmp_path, OUT=str(tmp_path / "out"))
    assert one.start(["/bin/sh", "-c", 'echo "$B $0" > "$OUT"', "x"], privileged=True).wait() == 0
    assert (tmp_path / "out").read_text() == "two words x\n"


def test_folders_have_the_names_that_systemd_gives_them(tmp_path: Path) -> None:
    one = Service("x.service", {"StateDirectory": ["x/y z"], "RuntimeDirectory": ["%p"]}, {})
    assert one.environment["STATE_DIRECTORY"] == "/var/lib/x/y:/var/lib/z"
    assert one.environment["RUNTIME_DIRECTORY"] == "/run/x"


@pytest.mark.parametrize("module", [unit_runner, service_questions])
def test_what_is_sent_into_a_container_needs_nothing_beside_it(module: object) -> None:
    tree = ast.parse(inspect.getsource(module), feature_version=(3, 9))  # type: ignore[arg-type]
    imported = {n.name for one in ast.walk(tree) if isinstance(one, ast.Import) for n in one.names}
    imported |= {str(n.module) for n in ast.walk(tree) if isinstance(n, ast.ImportFrom)}
    assert {one.partition(".")[0] for one in imported} <= set(sys.stdlib_module_names)


def test_lines_that_are_no_variables_are_passed_over() -> None:
    assert environment_file("; c\n\nx\nA='b c'\nB=1\\\n2\n") == {"A": "b c", "B": "12"}
