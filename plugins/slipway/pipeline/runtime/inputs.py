"""What a run is given besides its spec."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from slipway.pipeline.compiler.status import BuildStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from slipway.pipeline.built.take import Taking
    from slipway.pipeline.cache_shelf import Shelf


@dataclass(frozen=True, kw_only=True, slots=True)
class Given:
    """What a run is given that its spec must not or cannot hold.

    :param secrets: name -> value; masked in everything that is shown.
    :param status: how the build stood when the pipeline began.
    :param failed: returns the build's other pipelines that have failed by now.
    :param built: what is taken of one pipeline's workspace when its steps have passed.
    :param caches: where folders of the workspace are kept from one run to the next.
    :param collect: paths in the workspace with test reports, read when the steps have ended.
    :param registries: texts of Docker's ``config.json`` with logins to registries, besides those
        of the pipeline's ``image_pull_secrets``.
    :param title: begins the titles in the log, where there are several pipelines.
    """

    secrets: Mapping[str, str] = field(default_factory=dict)
    status: BuildStatus = field(default_factory=BuildStatus)
    failed: Callable[[], tuple[str, ...]] = tuple
    collect: tuple[str, ...] = ()
    built: Taking | None = None
    caches: Shelf | None = None
    registries: tuple[str, ...] = ()
    title: str = ""
