"""Secrets reach the steps that ask for them, and no log."""

from __future__ import annotations

import logging
import re
from pathlib import Path
from unittest import mock

import pytest

from slipway.exceptions import ContainerEngineError
from slipway.model.container import ContainerRefused, ContainerSpec
from slipway.pipeline import runtime
from slipway.pipeline.compiler.compiler import Build, compile_pipeline
from slipway.pipeline.load import load
from slipway.pipeline.runtime.inputs import Given
from slipway.pipeline.runtime.readiness import ServiceStopped
from slipway.pipeline.yaml.conditions import Event
from tests.fakes.container_engine import Play
from tests.slipway.pipeline.runtime.runner.cases import Case, steps


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
