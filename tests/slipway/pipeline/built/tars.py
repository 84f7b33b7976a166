"""Tars as the engine sends them."""

from __future__ import annotations

from slipway.hooks.tars import pack


def packed(name: str, content: bytes) -> bytes:
    """A tar of one file."""
    return pack({name: content})
