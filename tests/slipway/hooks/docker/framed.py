"""What the engine's API sends of a container's output."""

from __future__ import annotations


def frame(output: int, data: bytes) -> bytes:
    return bytes([output, 0, 0, 0]) + len(data).to_bytes(4, "big") + data
