"""What a project wants of files that lie in Git LFS."""

from __future__ import annotations

from enum import StrEnum


class LargeFiles(StrEnum):
    """What becomes of a commit that keeps files in Git LFS."""

    FETCH = "fetch"
    POINTERS = "pointers"
