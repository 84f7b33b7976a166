"""The runner, driven through the engine's interface."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from slipway.exceptions import ContainerEngineError, ImageUnavailable
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.result import BuildResult
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.built.tars import packed
from tests.slipway.pipeline.runtime.runner.cases import POSTGRES, SERVICE, Case, steps

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_steps_run_one_after_the_other_without_depends_on() -> None:
    case = Case(steps(a="", b="", c=""))
    assert case.states() == {"a": "passed", "b": "passed", "c": "passed"}
    begun_and_ended = [e for e in case.engine.events if e.startswith(("start run-step", "end"))]
    assert begun_and_ended == [
        "start run-step-1-a",
        "end run-step-1-a",
        "start run-step-2-b",
        "end run-step-2-b",
        "start run-step-3-c",
        "end run-step-3-c",
    ]


def test_the_sources_are_there_before_anything_starts() -> None:
    case = Case("services: [{name: db, image: i}]\n" + steps(a="", b=""))
    case.run()
    events = case.engine.events
    assert events.index("put run-step-1-a") < events.index("start run-service-1-db")
    assert events.index("start run-service-1-db") < events.index("start run-step-1-a")
    assert [e for e in events if e.startswith("put")] == ["put run-step-1-a"]


def test_a_detached_step_is_not_waited_for_and_its_lines_are_shown() -> None:
    case = Case(steps(server="detach: true", test=""), {"server": Play(lines=("listening",))})
    assert case.states() == {"server": "passed", "test": "passed"}
    assert "listening" in case.log


def test_a_program_that_is_not_in_the_image_fails_the_step() -> None:
    result = Case(steps(a=""), {"a": Play(no_program=True)}).run()
    assert result.steps[0].exit_code == 127
    assert "no such file" in result.tails["a"][-1]


def test_an_unknown_image_fails_its_own_step_alone_and_another_try_may_help() -> None:
    case = Case(steps(a="", b=""))
    case.engine.missing_images.add("i")
    result = case.run()
    assert not [e for e in case.engine.events if e.startswith("create")]
    assert [(s.state, s.exit_code) for s in result.steps] == [("failed", None), ("skipped", None)]
    assert "not started: image i " in result.steps[0].note
    with pytest.raises(ImageUnavailable, match="'a' was not started: image i "):
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()


def test_an_image_is_asked_for_once_unless_it_is_always_pulled() -> None:
    case = Case(steps(a="pull: if-not-exists", b="", c="pull: always", d="pull: always"))
    case.run()
    assert sorted(policy.value for _, policy in case.engine.pulls) == [
        "always",
        "always",
        "if-not-exists",
        "refresh",
    ]


def test_an_untrusted_container_is_confined() -> None:
    case = Case(SERVICE + steps(a=""))
    case.run()
    for spec in case.engine.specs:
        assert spec.security.drop == ("ALL",)
        assert spec.security.no_new_privileges
        assert spec.limits.memory
        assert spec.network == "run"
        assert spec.volumes == {"run": "/drone/src"}
        assert spec.labels["slipway.run"] == "1"


def test_a_trusted_step_may_be_privileged() -> None:
    case = Case(steps(a="privileged: true", b=""), trusted=True)
    case.run()
    assert [spec.security.privileged for spec in case.engine.specs] == [True, False]


def test_reports_in_the_workspace_are_read() -> None:
    report = b"<testsuite><testcase name='hunter2x!'><failure/></testcase></testsuite>"
    leaves = {"/drone/src/report.xml": packed("report.xml", report), "/drone/src/odd": b"no tar"}
    case = Case(
        steps(a=""),
        {"a": Play(leaves=leaves)},
        given=Given(collect=("report.xml", "absent", "odd"), secrets={"s": "hunter2x!"}),
    )
    reports = case.run().reports
    assert reports.counts is not None
    assert reports.counts.failed[0].name == "******"
    assert [line[:22] for line in reports.complaints] == ["odd cannot be unpacked"]


def test_a_report_whose_reading_breaks_off_fails_no_pipeline() -> None:
    def broken() -> Iterator[bytes]:
        yield b"x" * 100
        msg = "cannot read out: the connection broke"
        raise ContainerEngineError(msg)

    case = Case(
        steps(a=""), {"a": Play(leaves={"/drone/src/out": broken()})}, given=Given(collect=("out",))
    )
    result = case.run()
    assert result.state == "passed"
    assert "connection broke" in result.reports.complaints[0]


def test_volumes() -> None:
    text = (
        "volumes: [{name: c, temp: {}}, {name: m, temp: {medium: memory, size_limit: 1m}},"
        " {name: h, host: {path: /srv}}]\n"
    )
    mounts = "{name: c, path: /c}, {name: m, path: /m}, {name: h, path: /h}"
    case = Case(text + steps(a=f"volumes: [{mounts}]"), trusted=True)
    case.run()
    (spec,) = case.engine.specs
    assert spec.volumes == {"run": "/drone/src", "run-volume-1": "/c"}
    assert spec.tmpfs == {"/m": "size=1048576"}
    assert spec.host_folders == {"/h": "/srv"}


# One network for steps in a row


def test_steps_in_a_row_share_a_network_and_others_do_not() -> None:
    case = Case(steps(a="", b="", c=""))
    case.run()
    networks = {spec.name: spec.network for spec in case.engine.specs}
    assert networks["run-step-1-a"] == networks["run-network"] == "run"
    assert networks["run-step-2-b"] == networks["run-step-3-c"]
    assert str(networks["run-step-2-b"]).startswith("container:")
    case = Case(steps(a="", b="depends_on: [a]", c="depends_on: [a]"))
    case.run()
    assert {spec.network for spec in case.engine.specs} == {"run"}


def test_where_no_container_can_sleep_each_step_has_its_own_network() -> None:
    case = Case(steps(a="", b="", c=""), {"run-network": Play(no_program=True)})
    case.run()
    steps_only = [spec for spec in case.engine.specs if "step" in spec.name]
    assert {spec.network for spec in steps_only} == {"run"}


def test_containers_are_made_from_what_the_name_meant_when_it_was_looked_up() -> None:
    """Nobody can swap an image between the look and the container; and what ran is on record."""
    pulled = replace(POSTGRES, id="sha256:pulled", digest="docker.io/library/i@sha256:2")
    built = replace(POSTGRES, id="sha256:built")
    case = Case(
        steps(a="", b="", c="") + "- {name: d, image: j, when: {status: [failure]}}\n"
        "services: [{name: db, image: j}]\n",
        {"db": Play(exit_code=0)},
        images={"i": pulled, "j": built},
    )
    result = case.run()
    images = {spec.labels.get("slipway.step", spec.name): spec.image for spec in case.engine.specs}
    assert images["db"] == "sha256:built"
    assert {images[name] for name in "abc"} == {"sha256:pulled"}
    assert all(image.startswith("sha256:") for image in images.values())
    digests = [(step.name, step.digest) for step in result.steps]
    assert digests[:3] == [(name, "docker.io/library/i@sha256:2") for name in "abc"]
    assert digests[3] == ("d", "")  # it did not run
