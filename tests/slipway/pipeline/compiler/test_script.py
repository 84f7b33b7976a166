"""Scripts are run by the real /bin/sh, as a step's container would."""

from __future__ import annotations

import io
import subprocess
import tarfile
from typing import TYPE_CHECKING

from slipway.pipeline.compiler import script, script_file
from slipway.pipeline.lint.image_names import replaced
from tests.slipway.pipeline.runtime.runner.cases import Case

if TYPE_CHECKING:
    from pathlib import Path


def run(*commands: str, stdin: str = "") -> tuple[int, list[str]]:
    done = subprocess.run(
        [*script.entrypoint(None), *script.COMMAND],
        input=stdin,
        text=True,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", script.VARIABLE: script.shell_script(commands)},
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_each_command_is_echoed_before_it_runs() -> None:
    assert run("echo one", "echo two") == (0, ["+ echo one", "one", "+ echo two", "two"])


def test_the_first_failure_ends_the_script_with_its_exit_code() -> None:
    assert run("exit 3", "echo never") == (3, ["+ exit 3"])
    assert run("sh -c 'exit 7'", "echo never")[0] == 7


def test_a_script_that_ends_itself_with_a_signal_has_failed() -> None:
    """It is not the first process of its container, which would live on and pass."""
    assert run("kill -9 $$", "echo never")[0] == 128 + 9
    assert run("die() { kill -TERM $$; }; true | die", "echo never")[0] == 128 + 15
    first = run("echo $PPID", "exec sh -c 'kill -9 $$'")
    assert first[0] == 128 + 9


def test_commands_are_echoed_literally() -> None:
    command = r"""printf '%s\n' "a\nb" 'it'"'"'s' `echo x` $((1+1))"""
    code, lines = run(command)
    assert (code, lines[0]) == (0, f"+ {command}")
    assert lines[1:] == [r"a\nb", "it's", "x", "2"]


def test_a_command_of_several_lines_is_one_command() -> None:
    code, lines = run("if true; then\n  cat <<EOF\nhere\nEOF\nfi")
    assert code == 0
    assert lines[-1] == "here"


def test_variables_live_from_one_command_to_the_next() -> None:
    assert run("cd /tmp", "X=1", "echo $X $PWD")[1][-1] == "1 /tmp"


def test_the_script_is_neither_standard_input_nor_a_variable_of_the_commands() -> None:
    assert run("cat", stdin="typed")[1][-1] == "typed"
    assert run(f"echo [${{{script.VARIABLE}-gone}}]")[1][-1] == "[gone]"


def test_image_names_are_compared_as_docker_does() -> None:
    images = {"python": "mirror/python", "docker.io/library/postgres:15": "own/postgres:15"}
    assert replaced("python:latest", images) == "mirror/python"
    assert replaced("library/python", images) == "mirror/python"
    assert replaced("postgres:15", images) == "own/postgres:15"
    assert replaced("python:3.11", images) == "python:3.11"
    assert replaced("host:5000/python", images) == "host:5000/python"


def test_a_script_that_no_variable_holds_is_a_file_of_its_container(tmp_path: Path) -> None:
    text = "x" * 60_000
    case = Case(
        f"steps: [{{name: a, image: i, commands: ['echo {text}']}}, {{name: b, image: i,"
        " commands: [echo y]}]"
    )
    case.run()
    puts = [event for event in case.engine.events if event.startswith("put")]
    assert puts == ["put run-step-1-a", "put run-step-1-a"]  # the script, and the sources
    long, short = (spec for spec in case.engine.specs if spec.name != "run-network")
    assert script.VARIABLE not in long.environment
    assert text not in str((long.argv, long.entrypoint, long.environment, long.labels))
    assert script.VARIABLE in short.environment
    with tarfile.open(fileobj=io.BytesIO(script_file.packed("echo $0 $-\n"))) as tar:
        tar.extractall(tmp_path, filter="data")
        (member,) = tar.getmembers()
    assert member.mode == 0o444
    command = script_file.COMMAND[0].replace(script_file.FOLDER, f"{tmp_path}/", 1)
    done = subprocess.run(["/bin/sh", "-c", command], capture_output=True, check=True, text=True)
    assert done.stdout.startswith("/bin/sh")
