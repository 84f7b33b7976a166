"""The comparison with Drone holds, and the page for users says the same."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.compiler.spec import BuildSpec
from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid
from tests.slipway.pipeline.as_drone_does import TABLES
from tests.slipway.pipeline.drone.rows import MESSAGE, Outcome, Row

PAGE = Path(__file__).parents[3] / "docs" / "pipeline-file.md"
VARIABLES = {
    "DRONE_BRANCH": "main",
    "DRONE_TAG": "v1.2",
    "DRONE_COMMIT_MESSAGE": MESSAGE,
    "DRONE_DEPLOY_TO": "",
    "DRONE_COMMIT_LINK": "https://git.example.com/acme/shop/commit/abc",
}
ROWS = [row for rows in TABLES.values() for row in rows]
_EARLIER = ("pipeline:", "build:", "kind:", "//")


def outcome(row: Row, folder: Path) -> Outcome:
    text = row.text if row.text.startswith(_EARLIER) else f"kind: pipeline\n{row.text}"
    name = row.more.get("file", ".drone.yml")
    try:
        file = load(text.encode(), file=name, trusted=False)
        spec = compile_file(file, Build(id="run", variables=VARIABLES))
    except PipelineFileInvalid as error:
        return Outcome(spec=None, refused=tuple(one.rule for one in error.problems))
    warned = tuple(dict.fromkeys(warning.rule for warning in file.warnings))
    return Outcome(spec=spec, warned=warned, output=printed(spec, folder))


def printed(spec: BuildSpec, folder: Path) -> str:
    """Run the commands of the only step there is, and return what they print, with the trace."""
    steps = [step for pipeline in spec.pipelines for step in pipeline.steps]
    if (
        len(steps) != 1
        or steps[0].container.entrypoint is None
        or steps[0].container.entrypoint[0] != "/bin/sh"
    ):
        return ""
    env = {"PATH": os.environ["PATH"], **steps[0].container.environment}
    done = subprocess.run(
        [*steps[0].container.entrypoint, *(steps[0].container.argv or ())],
        env=env,
        cwd=folder,
        text=True,
        capture_output=True,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.construct)
def test_a_construct_does_what_the_table_says(row: Row, tmp_path: Path) -> None:
    if not row.text:
        pytest.skip("shown by the runner's tests")
    found = outcome(row, tmp_path)
    assert found.refused == tuple(row.refused.split())
    assert sorted(found.warned) == sorted(row.warns.split())
    assert not found.spec or row.check(found), found
    assert not (tmp_path / "pwned").exists()


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_the_table(title: str) -> None:
    section = PAGE.read_text().partition(f"\n### {title}\n")[2].partition("\n#")[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    assert lines[1:] == [row.line() for row in TABLES[title]]
