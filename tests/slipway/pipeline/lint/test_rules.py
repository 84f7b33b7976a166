from __future__ import annotations

import textwrap

import pytest

from slipway.pipeline.load import load
from slipway.pipeline.yaml.diagnostics import PipelineFileInvalid

# Each rule: a pipeline that trips it, and one as near as can be that does not.
CASES = {
    "duplicate-name": (
        "steps: [{name: a, image: i}, {name: a, image: i}]",
        "steps: [{name: a, image: i}, {name: b, image: i}]",
    ),
    "unknown-dependency": (
        "steps: [{name: a, image: i, depends_on: [b]}]",
        "steps: [{name: a, image: i, depends_on: [clone]}]",
    ),
    "cycle": (
        "steps: [{name: a, image: i, depends_on: [b]}, {name: b, image: i, depends_on: [a]}]",
        "steps: [{name: a, image: i, depends_on: [b]}, {name: b, image: i}]",
    ),
    "service-dependency": (
        "services: [{name: s, image: i}]\nsteps: [{name: a, image: i, depends_on: [s]}]",
        "services: [{name: s, image: i}]\nsteps: [{name: a, image: i, depends_on: [clone]}]",
    ),
    "service-waits": (
        "services: [{name: s, image: i, depends_on: [a]}]\nsteps: [{name: a, image: i}]",
        "services: [{name: s, image: i, depends_on: [clone]}]\nsteps: [{name: a, image: i}]",
    ),
    "backslash": (
        "steps: [{name: a, image: i, commands: ['sed s/\\//-/']}]",
        "steps: [{name: a, image: i, commands: ['sed s/\\\\//-/']}]",
    ),
    "missing-name": ("steps: [{image: i}]", "steps: [{name: a, image: i}]"),
    "no-steps": ("services: [{name: s, image: i}]", "steps: [{name: a, image: i}]"),
    "own-clone": (
        "steps: [{name: clone, image: i}]",
        "clone: {disable: true}\nsteps: [{name: clone, image: i}]",
    ),
    "same-volume": (
        "volumes: [{name: v, temp: {}}, {name: v, temp: {}}]\nsteps: [{name: a, image: i}]",
        "volumes: [{name: v, temp: {}}, {name: w, temp: {}}]\nsteps: [{name: a, image: i}]",
    ),
    "volume-path": (
        "volumes: [{name: v, temp: {}}]\n"
        "steps: [{name: a, image: i, volumes: [{name: v, path: /run/./drone/env}]}]",
        "volumes: [{name: v, temp: {}}]\n"
        "steps: [{name: a, image: i, volumes: [{name: v, path: /run/x}]}]",
    ),
    "unknown-key": (
        "steps: [{name: a, image: i, when: {brunch: main}}]",
        "steps: [{name: a, image: i, when: {branch: main}}]",
    ),
    "variable-name": (
        "steps: [{name: a, image: i, environment: {A=B: c}}]",
        "steps: [{name: a, image: i, environment: {A_B: c=d}}]",
    ),
    "image-name": ("steps: [{name: a, image: go 1.22}]", "steps: [{name: a, image: 'go:1.22'}]"),
    "zero-byte": (
        'steps: [{name: a, image: i, commands: ["a\\0b"]}]',
        'steps: [{name: a, image: i, commands: ["a\\tb"]}]',
    ),
    "shell": (
        "steps: [{name: a, image: i, shell: powershell, commands: [x]}]",
        "steps: [{name: a, image: i, shell: /bin/bash, commands: [x]}]",
    ),
    "volume-name": (
        "volumes: [{name: workspace, temp: {}}]\nsteps: [{name: a, image: i}]",
        "volumes: [{name: cache, temp: {}}]\nsteps: [{name: a, image: i}]",
    ),
    "volume-kind": (
        "volumes: [{name: v}]\nsteps: [{name: a, image: i}]",
        "volumes: [{name: v, temp: }]\nsteps: [{name: a, image: i}]",
    ),
    "unknown-volume": (
        "volumes: [{name: cache, temp: {}}]\n"
        "steps: [{name: a, image: i, volumes: [{name: cach, path: /c}]}]",
        "volumes: [{name: cache, temp: {}}]\n"
        "steps: [{name: a, image: i, volumes: [{name: cache, path: /c}]}]",
    ),
    "unknown-word": (
        "steps: [{name: a, image: i, when: {event: pusch}}]",
        "steps: [{name: a, image: i, when: {event: [push, 'pull_*']}}]",
    ),
    "nested-secret": (
        "steps: [{name: a, image: i, settings: {x: [{from_secret: s}]}}]",
        "steps: [{name: a, image: i, settings: {x: {from_secret: s}}}]",
    ),
    "substitution": (
        "steps: [{name: a, image: 'i:${DRONE_TAG!}'}]",
        "steps: [{name: a, image: 'i:${DRONE_TAG##v}', commands: ['echo ${a[@]}']}]",
    ),
    "duplicate-pipeline": (
        "steps: [{name: a, image: i}]\n---\nkind: pipeline\nsteps: [{name: a, image: i}]",
        "steps: [{name: a, image: i}]\n---\nkind: pipeline\nname: b\nsteps: [{name: a, image: i}]",
    ),
}
# With these, the file runs.
PASSED_OVER = {
    "service-dependency",
    "variable-name",
    "shell",
    "volume-kind",
    "unknown-volume",
    "unknown-word",
    "nested-secret",
    "missing-name",
    "no-steps",
    "own-clone",
    "same-volume",
    "unknown-key",
    "backslash",
}
# What an untrusted project may not ask for, and Drone's reason.
UNTRUSTED = {
    "enable privileged mode": "steps: [{name: a, image: i, privileged: true}]",
    "mount devices": (
        "volumes: [{name: v, temp: {}}]\n"
        "steps: [{name: a, image: i, devices: [{name: v, path: /dev/x}]}]"
    ),
    "configure dns": "steps: [{name: a, image: i, dns: [1.1.1.1]}]",
    "configure dns_search": "steps: [{name: a, image: i, dns_search: [x.org]}]",
    "configure extra_hosts": "steps: [{name: a, image: i, extra_hosts: ['a:1.1.1.1']}]",
    "configure network_mode": "services: [{name: a, image: i, network_mode: host}]\n"
    "steps: [{name: b, image: i}]",
    "mount host volumes": "volumes: [{name: v, host: {path: /etc}}]\nsteps: [{name: a, image: i}]",
    "mount in-memory volumes": "volumes: [{name: v, temp: {medium: memory}}]\n"
    "steps: [{name: a, image: i}]",
}


def rules(text: str, *, trusted: bool = False, strict: bool = True) -> list[str]:
    data = f"kind: pipeline\n{textwrap.dedent(text)}".encode()
    try:
        load(data, file="f", trusted=trusted, strict=strict)
    except PipelineFileInvalid as error:
        return [problem.rule for problem in error.problems]
    return []


@pytest.mark.parametrize("rule", CASES)
def test_each_rule_trips_on_its_case_alone(rule: str) -> None:
    wrong, right = CASES[rule]
    assert rules(wrong) == [rule]
    assert rules(right) == []


@pytest.mark.parametrize("rule", CASES)
def test_what_drone_passes_over_is_a_warning(rule: str) -> None:
    assert rules(CASES[rule][0], strict=False) == ([] if rule in PASSED_OVER else [rule])


@pytest.mark.parametrize("reason", UNTRUSTED)
def test_what_reaches_out_of_a_container_is_for_trusted_projects(reason: str) -> None:
    text = f"kind: pipeline\n{UNTRUSTED[reason]}".encode()
    with pytest.raises(PipelineFileInvalid, match=f"untrusted repositories cannot {reason}"):
        load(text, file="f", trusted=False)
    load(text, file="f", trusted=True)


def test_a_port_that_is_not_published_is_nobodys_business() -> None:
    assert rules("steps: [{name: a, image: i, ports: [80]}]") == []


def test_pipelines_that_wait_for_each_other() -> None:
    text = (
        "name: a\ndepends_on: [b]\nsteps: [{name: a, image: i}]\n---\n"
        "kind: pipeline\nname: b\ndepends_on: [a, c]\nsteps: [{name: a, image: i}]"
    )
    assert rules(text) == ["cycle", "unknown-dependency"]


def test_the_same_name_for_a_step_and_a_service() -> None:
    text = "services: [{name: a, image: i}]\nsteps: [{name: a, image: i}]"
    assert rules(text) == ["duplicate-name"]


def test_the_nearest_name_is_proposed() -> None:
    text = (
        b"kind: pipeline\nsteps:\n- {name: build, image: i}\n"
        b"- {name: t, image: i, depends_on: [biuld]}\n"
    )
    with pytest.raises(PipelineFileInvalid, match="did you mean `build`"):
        load(text, file="f", trusted=False)


def test_waiting_for_a_service_is_explained() -> None:
    text = (
        b"kind: pipeline\nservices: [{name: db, image: i}]\n"
        b"steps: [{name: t, image: i, depends_on: [db]}]"
    )
    (warning,) = load(text, file="f", trusted=False).warnings
    assert "ready before any step starts" in warning.advice


def test_a_cycle_is_spelled_out() -> None:
    text = (
        b"kind: pipeline\nsteps:\n- {name: a, image: i}\n"
        b"- {name: b, image: i, depends_on: [a, d]}\n"
        b"- {name: c, image: i, depends_on: [b]}\n- {name: d, image: i, depends_on: [c]}\n"
    )
    with pytest.raises(PipelineFileInvalid, match="b -> d -> c -> b"):
        load(text, file="f", trusted=False)
