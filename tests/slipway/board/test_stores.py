"""What a page reads of the store."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from slipway.board.stores import Stores
from slipway.hooks.store.releases import ReleaseCatalogue
from tests.slipway.operators.releases import catalogue

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_of_thousands_of_releases_those_are_read_that_the_page_has(
    artifacts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue(*(f"1.{number}" for number in range(12)))
    read = list[str]()
    find = ReleaseCatalogue.find

    def noted(self: ReleaseCatalogue, project: str, version: str, **more: Any) -> Any:
        read.append(version)
        return find(self, project, version, **more)

    monkeypatch.setattr(ReleaseCatalogue, "find", noted)
    found = [one.checkout.release.version for one in Stores().releases("shop", 3)]
    assert found == ["1.11", "1.10", "1.9"]
    assert len(read) == 3
