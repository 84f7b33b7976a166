"""The runner, driven through the engine's interface."""

from __future__ import annotations

import logging
import re
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from slipway.exceptions import (
    ContainerEngineError,
    ImageUnavailable,
    PipelineStopped,
    StepTimedOut,
    TestsFailed,
)
from slipway.model.container import ContainerRefused, ContainerSpec, ImageFacts
from slipway.pipeline import runtime
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.log_groups import LogGroups
from slipway.pipeline.runtime.readiness import ServiceStopped
from slipway.pipeline.runtime.result import BuildResult, PipelineResult
from slipway.pipeline.runtime.runner import Runner
from slipway.pipeline.yaml.conditions import Event
from tests.fakes.container_engine import FakeEngine, Play
from tests.slipway.pipeline.built.tars import packed

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


POSTGRES = ImageFacts(id="sha256:2", ports=(5432,), has_healthcheck=False)


class Case:
    """A pipeline on a fake engine."""

    def __init__(
        self,
        text: str,
        plays: Mapping[str, Play] | None = None,
        *,
        timeout: float = 5.0,
        trusted: bool = False,
        images: Mapping[str, ImageFacts] | None = None,
        given: Given | None = None,
    ) -> None:
        self.engine = FakeEngine(plays, images)
        self.log: list[str] = []
        file = load(f"kind: pipeline\n{text}".encode(), file="f", trusted=trusted)
        build = Build(id="run", labels={"slipway.run": "1"}, trusted=trusted)
        self.runner = Runner(
            self.engine,
            compile_pipeline(file.pipelines[0], build),
            output=LogGroups(self.log.append),
            timeout=timeout,
            given=given,
        )

    def run(self) -> PipelineResult:
        try:
            return self.runner.run(b"the sources")
        finally:
            assert self.engine.leftovers() == []

    def states(self) -> dict[str, str]:
        return {step.name: step.state for step in self.run().steps}


def steps(**named: str) -> str:
    """One step per name; the text is what it has besides name and image."""
    return "steps:\n" + "".join(f"- {{name: {n}, image: i, {more}}}\n" for n, more in named.items())


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


def test_steps_that_do_not_wait_for_each_other_run_side_by_side() -> None:
    both = threading.Barrier(2, timeout=5)

    class Meeting(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            both.wait()  # breaks, and so fails the test, unless the other is here at once
            return True

    plays = {"b": Play(until=Meeting()), "c": Play(until=Meeting())}
    text = steps(a="", b="depends_on: [a]", c="depends_on: [a]", d="depends_on: [b, c]")
    assert set(Case(text, plays).states().values()) == {"passed"}


def test_what_runs_beside_a_failure_may_end_and_nothing_new_begins() -> None:
    text = steps(a="depends_on: []", b="depends_on: [a]", c="depends_on: [b]", d="depends_on: []")
    case = Case(text, {"a": Play(exit_code=3, lines=("x", "boom"))})
    result = case.run()
    assert {s.name: s.state for s in result.steps} == {
        "a": "failed",
        "b": "skipped",
        "c": "skipped",
        "d": "passed",
    }
    with pytest.raises(TestsFailed, match="'a' failed with exit code 3\n    x\n    boom") as caught:
        BuildResult(pipelines=(result,), seconds=1.0).raise_for_failure()
    assert "'b'" not in str(caught.value)


def test_an_ignored_failure_stops_nothing() -> None:
    case = Case(steps(a="failure: ignore", b=""), {"a": Play(exit_code=1)})
    result = case.run()
    assert not result.failures()
    assert [(s.state, s.exit_code) for s in result.steps] == [("failed", 1), ("passed", 0)]


def test_a_detached_step_is_not_waited_for_and_its_lines_are_shown() -> None:
    case = Case(steps(server="detach: true", test=""), {"server": Play(lines=("listening",))})
    assert case.states() == {"server": "passed", "test": "passed"}
    assert "listening" in case.log


def test_a_program_that_is_not_in_the_image_fails_the_step() -> None:
    result = Case(steps(a=""), {"a": Play(no_program=True)}).run()
    assert result.steps[0].exit_code == 127
    assert "no such file" in result.tails["a"][-1]


def test_a_step_that_ran_out_of_memory_says_so() -> None:
    result = Case(steps(a=""), {"a": Play(exit_code=137, out_of_memory=True)}).run()
    assert "4096 MiB of memory" in result.tails["a"][-1]


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


def test_a_step_that_takes_too_long_is_killed_and_named() -> None:
    case = Case(steps(a="", slow=""), {"slow": Play(until=threading.Event())}, timeout=0.2)
    with pytest.raises(StepTimedOut, match="'slow' was killed"):
        case.run()
    assert any("slow: killed" in line for line in case.log)


def test_stopping_from_outside_ends_the_run_and_leaves_nothing() -> None:
    case = Case(steps(a="", b=""), {"a": Play(until=threading.Event())})
    caught: list[BaseException] = []

    def run() -> None:
        try:
            case.run()
        except PipelineStopped as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    deadline = time.monotonic() + 5
    while "start run-step-1-a" not in case.engine.events and time.monotonic() < deadline:
        time.sleep(0.01)
    case.runner.stop()
    thread.join(5)
    assert len(caught) == 1
    assert "start run-step-2-b" not in case.engine.events
    assert any(line.startswith("step a: stopped, ") for line in case.log)
    assert "exit code" not in "\n".join(case.log)


def test_an_engine_that_fails_in_one_step_ends_the_others() -> None:
    class Broken(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            raise RuntimeError

    plays = {"a": Play(until=threading.Event()), "b": Play(until=Broken())}
    case = Case(steps(a="depends_on: [clone]", b="depends_on: [clone]"), plays, timeout=30)
    began = time.monotonic()
    with pytest.raises(RuntimeError):
        case.run()
    assert time.monotonic() - began < 5


def test_leftovers_of_the_last_try_go_first() -> None:
    case = Case(steps(a=""))
    case.engine.create_network("old", {"slipway.run": "1"})
    case.engine.create_network("other", {"slipway.run": "2"})
    with pytest.raises(AssertionError):  # the other run's is still there
        case.run()
    assert case.engine.leftovers() == ["other"]
    assert case.engine.events[0] == "remove all"


def test_a_try_that_was_killed_is_named_and_that_its_log_ends_there() -> None:
    case = Case(steps(a=""))
    case.engine.create(ContainerSpec(name="old", image="i", labels={"slipway.run": "1"}))
    case.run()
    assert case.log[0].startswith("removed what an earlier try left; if its worker was killed")
    fresh = Case(steps(a=""))
    fresh.run()
    assert not any("earlier try" in line for line in fresh.log)


SERVICE = "services: [{name: db, image: postgres}]\n"


def test_a_service_is_reachable_by_name_and_waited_for() -> None:
    closed = (0, "sl local_address rem_address st\n")
    open_ = (0, "0: 00000000:1538 00000000:0000 0A\n")
    case = Case(
        SERVICE + steps(a=""),
        {"db": Play(tables=(closed, closed, open_))},
        images={"postgres": POSTGRES},
    )
    case.run()
    service = case.engine.specs[1]
    assert (service.aliases, service.network) == (("db",), "run")
    assert any("db (postgres) ready after" in line for line in case.log)


def test_a_service_that_stops_fails_the_run_with_its_last_lines() -> None:
    plays = {"db": Play(exit_code=1, lines=("no password set",))}
    case = Case(SERVICE + steps(a=""), plays, images={"postgres": POSTGRES})
    with pytest.raises(
        ServiceStopped, match=r"'db' stopped with exit code 1(.|\n)*no password set"
    ):
        case.run()


def test_a_service_without_cat_is_watched_from_the_first_steps_image() -> None:
    case = Case(
        SERVICE + steps(a=""),
        {"db": Play(tables=((126, "exec: cat: not found"),)), "run-service-1-db-onlooker": Play()},
        images={"postgres": POSTGRES, "i": replace(POSTGRES, id="sha256:i")},
    )
    case.run()
    onlooker = case.engine.specs[-1] if len(case.engine.specs) == 2 else case.engine.specs[2]
    assert onlooker.image == "sha256:i"
    assert onlooker.network == "container:c2"


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


# Status


def test_steps_for_failures_run_after_one_and_the_others_do_not() -> None:
    text = steps(
        a="", b="when: {status: failure}", c="", d="when: {status: [success, failure]}", e=""
    )
    case = Case(text, {"a": Play(exit_code=1)})
    result = case.run()
    assert [step.state for step in result.steps] == [
        "failed",
        "passed",
        "skipped",
        "passed",
        "skipped",
    ]
    assert result.steps[2].note == "after the failure of a"
    told = {spec.name: spec.environment for spec in case.engine.specs}["run-step-2-b"]
    assert told["DRONE_STAGE_STATUS"] == told["DRONE_BUILD_STATUS"] == "failure"
    assert told["DRONE_FAILED_STEPS"] == "a"


def test_steps_for_failures_are_skipped_when_all_is_well() -> None:
    case = Case(steps(a="", b="when: {status: failure}", c=""))
    assert case.states() == {"a": "passed", "b": "skipped", "c": "passed"}
    assert case.engine.specs[0].environment["DRONE_STAGE_STATUS"] == "success"


def test_an_ignored_failure_is_no_failure_of_the_stage() -> None:
    case = Case(
        steps(a="failure: ignore", b="when: {status: failure}", c=""), {"a": Play(exit_code=1)}
    )
    assert case.states() == {"a": "failed", "b": "skipped", "c": "passed"}


def test_a_step_whose_conditions_are_unmet_holds_nobody_up() -> None:
    case = Case(steps(a="when: {branch: other}", b="depends_on: [a]"))
    result = case.run()
    assert [(s.state, s.note) for s in result.steps] == [
        ("skipped", "when.branch is [other], the build's is empty"),
        ("passed", ""),
    ]
    assert [e for e in case.engine.events if e.startswith("put")] == ["put run-step-2-b"]


def test_failing_fast_ends_everything_at_once() -> None:
    plays = {"bad": Play(exit_code=1), "slow": Play(until=threading.Event())}
    text = steps(
        bad="failure: fast, depends_on: [clone]",
        slow="depends_on: [clone]",
        after="depends_on: [slow], when: {status: [failure]}",
    )
    case = Case(text, plays, timeout=30)
    began = time.monotonic()
    assert case.states() == {"bad": "failed", "slow": "killed", "after": "skipped"}
    assert time.monotonic() - began < 5


def test_a_service_may_have_conditions() -> None:
    case = Case("services: [{name: db, image: i, when: {event: tag}}]\n" + steps(a=""))
    case.run()
    assert [spec.name for spec in case.engine.specs] == ["run-step-1-a"]


# What is known only now


def test_secrets_are_given_where_they_are_asked_for_and_masked() -> None:
    text = steps(a="environment: {T: {from_secret: token}}", b="")
    plays = {"a": Play(exit_code=1, lines=("hunter2x!", "aHVudGVyMnghOg=="))}
    case = Case(text, plays, given=Given(secrets={"token": "hunter2x!", "other": "unrelated"}))
    result = case.run()
    by_name = {spec.name: spec.environment for spec in case.engine.specs}
    assert by_name["run-step-1-a"]["T"] == "hunter2x!"
    assert "hunter2x!" not in str(by_name.get("run-step-2-b"))
    assert "unrelated" not in str(by_name)
    assert "hunter2x!" not in "\n".join([*case.log, *result.failures()])
    assert "******" in result.tails["a"][0]
    assert "aHVudGVyMng" not in result.tails["a"][1]


def test_a_pull_request_from_a_fork_gets_no_secrets() -> None:
    file = load(
        b"kind: pipeline\nimage_pull_secrets: [login]\n"
        b"steps: [{name: a, image: i, settings: {p: {from_secret: t}}}]",
        file="f",
        trusted=False,
    )
    for fork in (True, False):
        build = Build(id="run", event=Event(name="pull_request", fork=fork))
        spec = compile_pipeline(file.pipelines[0], build)
        assert bool(spec.steps[0].secrets) is not fork
        # Nor what is in the project's private images.
        assert bool(spec.pull_secrets) is not fork


def test_an_image_of_a_private_registry_is_pulled_with_its_credentials() -> None:
    config = '{"auths": {"r.example.com": {"username": "u", "password": "p"}}}'
    text = "image_pull_secrets: [dockerconfig]\n" + steps(a="")
    case = Case(
        text.replace("image: i", "image: r.example.com/i"),
        given=Given(secrets={"dockerconfig": config}),
    )
    case.run()
    assert case.engine.logins == {"r.example.com/i": {"username": "u", "password": "p"}}


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


def test_a_secret_in_pieces_is_masked_in_log_tail_and_error() -> None:
    text = "services: [{name: db, image: postgres}]\n" + steps(a="")
    pieces = tuple(b"aHVu\ndG\nVyMnghOg==\n"[at : at + 1] for at in range(19))
    given = Given(secrets={"s": "hunter2x!"})
    case = Case(text, {"a": Play(lines=pieces, exit_code=1)}, given=given)
    result = case.run()
    assert result.tails["a"][:2] == ("******", "******")
    assert "aHVu" not in "".join(case.log)
    plays = {"db": Play(exit_code=3, lines=("x hunter2x!", *pieces))}
    case = Case(text, plays, given=given)
    with pytest.raises(ServiceStopped) as caught:
        case.run()
    assert "x ******\n    ******" in str(caught.value)
    assert "hunter2" not in str(caught.value)
    assert "VyMn" not in str(caught.value)


def test_what_an_engine_says_of_a_secret_is_masked() -> None:
    case = Case(steps(a=""), given=Given(secrets={"s": "hunter2x!"}))
    case.engine.missing_images.add("i")
    case.engine.complaint = "no login with hunter2x!"
    result = case.run()
    shown = "\n".join([*case.log, *result.failures(), result.steps[0].note])
    assert "no login with ******" in result.failures()[0]
    assert "hunter2x!" not in shown


def test_a_secret_in_what_an_engine_refuses_ahead_of_a_steps_turn_is_in_no_log(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    case = Case(steps(a="", b="", c=""), given=Given(secrets={"s": "hunter2x!"}))
    create = case.engine.create

    def refusing(spec: ContainerSpec) -> str:
        if spec.name in ("run-network", "run-step-2-b"):
            msg = f"invalid environment variable: {spec.name}=hunter2x!"
            raise ContainerRefused(msg)
        return create(spec)

    monkeypatch.setattr(case.engine, "create", refusing)
    assert case.run().broken == ("b",)
    told = [record.getMessage() for record in caplog.records]
    assert any("do not share a network: invalid environment" in line for line in told)
    assert any("of b could not be made ahead: invalid environment" in line for line in told)
    assert not [line for line in [*told, *case.log] if "hunter2x!" in line]


def test_what_could_not_be_removed_is_told_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    case = Case(steps(a=""), given=Given(secrets={"s": "hunter2x!"}))
    case.run()
    failing = mock.Mock(side_effect=ContainerEngineError("no answer to hunter2x!"))
    monkeypatch.setattr(case.engine, "remove_labelled", failing)
    case.runner.stop()
    assert "could not be removed: no answer to ******" in caplog.text


def test_nothing_of_a_run_is_logged_past_the_masker() -> None:
    room = Path(runtime.__path__[0]).parent
    logging_by_itself = [
        file.name
        for file in room.rglob("*.py")
        if re.search(r"getLogger|\bprint\(|sys\.std", file.read_text())
    ]
    assert logging_by_itself == ["log_groups.py"]


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


@pytest.mark.parametrize("elsewhere", [True, False])
def test_a_registrys_password_is_told_by_no_step(elsewhere: bool) -> None:
    config = '{"auths": {"r.example.com": {"username": "u", "password": "hunter2x!"}}}'
    case = Case(
        "image_pull_secrets: [dockerconfig]\n" + steps(a=""),
        {"a": Play(lines=("the registry takes hunter2x!",))},
        given=Given(
            secrets={} if elsewhere else {"dockerconfig": config},
            registries=(config,) if elsewhere else (),
        ),
    )
    case.run()
    assert "the registry takes ******" in case.log
    assert "hunter2x!" not in "\n".join(case.log)


def test_a_registry_login_from_elsewhere_serves_only_its_registry() -> None:
    login = '{"auths": {"r.example.com": {"username": "u", "password": "p"}}}'
    case = Case(
        "steps: [{name: a, image: r.example.com/i}, {name: b, image: r.example.com.evil.org/i}]",
        given=Given(registries=(login,)),
    )
    case.run()
    assert case.engine.logins == {"r.example.com/i": {"username": "u", "password": "p"}}
