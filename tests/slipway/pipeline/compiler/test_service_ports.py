"""What a pipeline file says of where its services listen."""

from __future__ import annotations

import pytest

from slipway.pipeline.compiler.compiler import Build, compile_file
from slipway.pipeline.load import load


def awaited(more: str) -> tuple[tuple[int, ...] | None, tuple[str, ...]]:
    service = f"services: [{{name: s, image: i, {more}}}]"
    text = f"kind: pipeline\n{service}\nsteps: [{{name: a, image: i}}]"
    spec = compile_file(load(text.encode(), file="f", trusted=False), Build(id="x"))
    return spec.pipelines[0].services[0].awaited_ports, spec.notices


@pytest.mark.parametrize(
    ("more", "ports"),
    [
        ("", None),
        ("ports: [9000]", (9000,)),
        ("ports: [{port: 9000}, {port: 53, protocol: udp}]", (9000,)),
        ("ports: [{port: 53, protocol: UDP}]", ()),
        ("environment: {SLIPWAY_WAIT: none}", ()),
        ("environment: {SLIPWAY_WAIT: None}, ports: [9000]", ()),
        ("environment: {SLIPWAY_WAIT: 9000}", (9000,)),
        ("environment: {SLIPWAY_WAIT: '9000, 9001'}, ports: [80]", (9000, 9001)),
    ],
)
def test_what_is_waited_for(more: str, ports: tuple[int, ...] | None) -> None:
    assert awaited(more) == (ports, ())


@pytest.mark.parametrize("said", ["maybe", "''", "0", "65536", "80 none", "-1", "80;81", "٨٠"])
def test_what_is_neither_is_said_and_the_image_counts(said: str) -> None:
    ports, notices = awaited(f"environment: {{SLIPWAY_WAIT: {said}}}")
    assert ports is None
    assert "SLIPWAY_WAIT is" in notices[0]
