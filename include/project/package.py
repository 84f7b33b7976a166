"""The Debian package, as a project file describes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import BaseModel, Field, model_validator

from include.project.field_types import (
    BuiltPattern,
    DebianName,
    RepositoryPath,
    SettingValue,
    UnitName,
    VariableName,
)
from include.project.machines.written import Suite
from slipway.model.cloud.machine import Architecture

# In a path that the pipeline builds at: the architecture that it is for, as Debian calls it.
ARCH = "{arch}"


class Package(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """The Debian package."""

    name: DebianName
    """As apt knows it."""
    nfpm: RepositoryPath = "nfpm.yaml"
    """nfpm's description of the package."""
    unit: UnitName
    """The systemd unit that serves."""
    config: dict[VariableName, SettingValue] = {}
    """Settings in the unit's environment on every machine (nothing secret)."""
    parameters: tuple[VariableName, ...] = ()
    """Parameters in `/slipway/<project>/<environment>/` that the unit cannot start without; a
    deployment whose environment lacks one stops before it changes anything."""
    uses: tuple[DebianName, ...] = ()
    """Further packages that its machines may install from the apt repository, which all projects
    share. What is not named here comes from Debian or not at all."""
    built: tuple[BuiltPattern, ...] = ()
    """What the pipeline builds and nfpm packs besides the sources: files, folders and patterns in
    its workspace, `*` staying within a path's part and `**` not. It is taken when the pipeline has
    passed, once for each commit. `{arch}` is each architecture that the project's machines have."""
    built_by: Annotated[str | None, Field(alias="from", min_length=1)] = None
    """The pipeline, of several in the file, whose workspace that is. The package is built as soon
    as it has passed, while the others still run."""

    debs: BuiltPattern | None = None
    """In place of `nfpm` and `built`: the packages themselves, which the pipeline builds under this
    path (`dist/*.deb`), in the version that steps have in `SLIPWAY_VERSION`. All are published; the
    one called `name` has the unit, and the names of the others begin with it (`shop-data`). For
    machines of two architectures there may be one of each."""
    suites: tuple[Suite, ...] = ()
    """Operating systems that `debs` differ for, as apt calls them: `[bookworm, trixie]`. A package
    is for the one that its Debian revision ends with (`1.4.0-1~trixie`), and for all where it ends
    with none. Each has a distribution of its own in the apt repository."""

    def taken(self, architectures: Sequence[Architecture]) -> tuple[str, ...]:
        """Return what is taken of the pipeline's workspace.

        :param architectures: of the project's machines.
        """
        paths = self.built if self.debs is None else (self.debs,)
        every = (path.replace(ARCH, one.value) for path in paths for one in architectures)
        return tuple(dict.fromkeys(every))

    @model_validator(mode="after")
    def _something_is_built(self) -> Self:
        if self.built_by is not None and not self.built and self.debs is None:
            msg = "`from` says which pipeline builds what `built` or `debs` names: that is nothing"
            raise ValueError(msg)
        others = [name for name in ("built", "nfpm") if name in self.model_fields_set]
        if self.debs is not None and others:
            msg = f"with `debs` the pipeline builds the package itself; leave out {others[0]}"
            raise ValueError(msg)
        if self.suites and self.debs is None:
            msg = "`suites` are for packages that the pipeline builds itself; name them in `debs`"
            raise ValueError(msg)
        return self
