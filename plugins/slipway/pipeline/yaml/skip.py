"""Commits that ask not to be built."""

from __future__ import annotations

# In any capitals, anywhere in the message (docs.drone.io/pipeline/skipping).
_WORDS = ("[ci skip]", "[skip ci]", "***no_ci***")


def asks_to_skip(message: str) -> bool:
    """Tell whether a commit message asks that the commit be left alone."""
    lower = message.lower()
    return any(word in lower for word in _WORDS)
