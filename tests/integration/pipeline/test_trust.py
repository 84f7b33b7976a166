"""What a hostile or unlucky commit does to a run, in real containers."""

from __future__ import annotations

import base64
import time
import uuid
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import NothingRan
from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load
from slipway.pipeline.runtime.build_runner import BuildRunner
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.yaml.conditions import Event
from tests.integration.pipeline.project import IMAGES, Project, tar

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.integration
DEBIAN = "image: 'debian:12'"
REPORT = """<testsuite><testcase name="good"/>
<testcase name="bad"><failure message="no"/></testcase></testsuite>"""
NOT_FOR_A_BRANCH = """
kind: pipeline
name: release
trigger: {branch: [main]}
steps: [{name: ship, image: 'debian:12', commands: ["true"]}]
---
kind: pipeline
name: beside
services: [{name: db, image: 'debian:12', commands: [sleep 60]}]
steps:
- {name: web, image: 'debian:12', detach: true, commands: [sleep 60]}
- {name: tags, image: 'debian:12', commands: ["true"], when: {event: [tag]}}
- {name: lint, image: 'debian:12', commands: [exit 3], failure: ignore}
"""


@pytest.fixture
def project() -> Iterator[Project]:
    project = Project(f"test-{uuid.uuid4().hex[:8]}")
    yield project
    project.engine.remove_labelled({})


def test_a_commit_that_is_not_meant_for_its_branch_shows_nothing(project: Project) -> None:
    build = Build(
        id=f"slipway-{project.engine.installation}",
        labels={"slipway.run": "r"},
        images=IMAGES,
        event=Event(branch="feature/x", ref="refs/heads/feature/x"),
    )
    spec = compile_file(load(NOT_FOR_A_BRANCH.encode(), file="f", trusted=False), build)
    result = BuildRunner(
        project.engine,
        spec,
        sources=lambda _: tar({}),
        output=LogGroups(project.log.append),
        timeout=60,
    ).run()
    assert project.leftovers() == 0
    with pytest.raises(NothingRan) as caught:
        result.raise_for_failure()
    told = str(caught.value)
    assert "pipeline release: trigger.branch is [main], the build's is feature/x" in told
    assert "beside, step web: ran in the background" in told
    assert "beside, step tags: when.event is [tag], the build's is push" in told
    assert "beside, step lint: failed with exit code 3, which is ignored" in told


FORMS = """
import base64, json, os, sys, urllib.parse
s = os.environ["WORD"]
e = base64.b64encode((("x" * 50) + s).encode()).decode()
print("plain", s, flush=True)
print(e[:76] + "\\n" + e[76:], flush=True)
print(s.encode().hex(":").upper(), json.dumps(s), repr(s), urllib.parse.quote(s).lower())
sys.stdout.write("." * 65530 + s + "\\n")
for c in s:
    print(c, end="\\x1b[1m", flush=True)
print("\\ndone", flush=True)
report = "<testsuite><testcase name='%s'><failure>%s</failure></testcase></testsuite>"
open("r.xml", "w").write(report % (e[:76] + "&#10;" + e[76:], "".join("&#%d;" % ord(c) for c in s)))
"""


def test_no_form_of_a_secret_comes_out_of_log_tail_report_or_error(project: Project) -> None:
    secret = "tök-5f3a/9c77+ä"
    result = project.run(
        """
steps:
- name: a
  image: python:3.11
  environment: {WORD: {from_secret: word}, PYTHONIOENCODING: utf-8}
  commands: [python3 forms.py, "false"]
""",
        {"forms.py": FORMS},
        given=Given(secrets={"word": secret}, collect=("r.xml",)),
    )
    assert result.reports.counts is not None
    assert result.reports.counts.failed[0].message == "******"
    assert "done" in result.tails["a"]
    shown = "\n".join([*project.log, *result.failures(), str(result.reports.counts)])
    assert shown.count("******") >= 9
    encoded = base64.b64encode(("x" * 50 + secret).encode()).decode()
    hidden = (
        "k-5f3a",
        "9c77",
        encoded[70:76],
        encoded[76:84],
        secret.encode().hex(":").upper()[:14],
        "3a%2f9c",
        "\\u00f6k",
    )
    assert [one for one in hidden if one in shown] == []


def test_gigabytes_of_zeros_left_for_reports_are_said_and_cost_nothing(project: Project) -> None:
    began = time.monotonic()
    result = project.run(
        f"steps: [{{name: a, {DEBIAN}, commands: [mkdir out, cp r.xml out/a.xml,"
        " truncate -s 20G out/b.xml, truncate -s 20G c.xml]}]",
        {"r.xml": REPORT},
        given=Given(collect=("out", "c.xml", "r.xml")),
    )
    assert result.steps[0].state == "passed", project.log
    assert result.reports.counts is not None
    assert result.reports.counts.tests == 2
    assert "out: all that is kept for reports is larger than 64 MiB; the rest is left out" in (
        result.reports.complaints
    )
    assert time.monotonic() - began < 60


def test_a_report_with_a_name_that_is_no_text_fails_no_pipeline(project: Project) -> None:
    result = project.run(
        f"steps: [{{name: a, {DEBIAN}, commands: [sh odd.sh]}}]",
        {"r.xml": REPORT, "odd.sh": "mkdir out; cp r.xml out/$(printf 'x\\377.xml')"},
        given=Given(collect=("out",)),
    )
    assert result.reports.counts is not None, project.log
    assert (result.reports.counts.tests, result.reports.complaints) == (2, [])
