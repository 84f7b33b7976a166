"""What the machines of a project are, as people write it in a project file.

An environment says only what differs from the project.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, model_validator

from include.project.field_types import DebianName, matching
from include.project.machines.variables import Variables, unknown
from slipway.model.cloud.machine import (
    DISTRIBUTIONS,
    Architecture,
    Machine,
    OperatingSystem,
    SourceImage,
    architecture_of,
    smallest_like,
)
from slipway.model.text.nearest import suggestion

# A folder's name, one with its author's in front, or a role of a collection.
RoleName = Annotated[
    str,
    matching(
        r"^[A-Za-z_][A-Za-z0-9_-]*(\.[A-Za-z_][A-Za-z0-9_-]*)*$",
        "the name of a role's folder, or namespace.collection.role",
        200,
    ),
]
AmiId = Annotated[str, matching(r"^ami-[0-9a-z]+$", "an image's id like ami-0123456789abcdef0")]
AmiName = Annotated[
    str, matching(r"^[A-Za-z0-9()\[\] ./'@_*?-]+$", "an image's name, * being any text", 128)
]
AmiOwner = Annotated[
    str, matching(r"^(self|amazon|aws-marketplace|[0-9]{12})$", "an account's 12 digits, or self")
]


def _known_suite(name: str) -> str:
    known = [one.suite for one in DISTRIBUTIONS.values()]
    if name not in known:
        hint = suggestion(name, sorted(known))
        msg = f"{name!r} is no suite of an operating system that machines boot{hint}"
        raise ValueError(msg)
    return name


Suite = Annotated[str, AfterValidator(_known_suite)]


class Ami(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """What the base layer starts from: one image by its `id`, or the newest of a name."""

    id: AmiId | None = None
    """The one image."""
    name: AmiName | None = None
    """Of the newest image; `*` is any text."""
    owner: AmiOwner | None = None
    """The account that publishes it; `self` is the environment's own."""

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        by_name = self.name is not None and self.owner is not None
        if by_name == (self.id is not None) or (self.id and (self.name or self.owner)):
            msg = "write an id like ami-0123456789abcdef0, or name and owner"
            raise ValueError(msg)
        return self


def read_ami(value: Any) -> Any:
    """Read an image's id, or a mapping."""
    return {"id": value} if isinstance(value, str) else value


WrittenAmi = Annotated[
    Ami | None, BeforeValidator(read_ami, json_schema_input_type=AmiId | Ami | None)
]


class MachineSpec(BaseModel, frozen=True, extra="forbid", use_attribute_docstrings=True):
    """What machines boot, and what is made of them before the package is installed."""

    os: OperatingSystem = OperatingSystem.DEBIAN_12
    """The operating system, which also says who may log in while an image is baked."""
    architecture: Architecture = Architecture.AMD64
    """The processor's; `instance: {type: ...}` must fit it."""
    roles: tuple[RoleName, ...] = ()
    """Ansible roles, in the order in which they run: folders below `ansible/projects/<project>` or
    `ansible/roles`, or roles of the collections in `ansible/requirements.yml`."""
    variables: Variables = Variables()
    """For the roles, and for what every machine is tuned by."""
    packages: tuple[DebianName, ...] = ()
    """Further packages of the distribution's, or those of `package: {uses: ...}`."""
    ami: WrittenAmi = None
    """What the base layer starts from, in place of the distribution's newest image."""

    def over(self, other: MachineSpec | None) -> MachineSpec:
        """Put what an environment says over what the project says; variables count one by one.

        :param other: the project's.
        """
        below = other.written if other else {}
        variables = {**below.get("variables", {}), **self.written.get("variables", {})}
        return MachineSpec.model_validate({**below, **self.written, "variables": variables})

    @property
    def written(self) -> dict[str, Any]:
        """What the file says, and none of the defaults."""
        return self.model_dump(mode="json", exclude_unset=True)


def described(spec: MachineSpec | None) -> Machine:
    """Return what machines are that are described like this.

    :param spec: as a project file has it; None is Debian 12 on amd64, with nothing else on it.
    """
    if spec is None:
        return Machine()
    ami = spec.ami
    source = (
        SourceImage(image_id=ami.id or "", name=ami.name or "", owner=ami.owner or "")
        if ami
        else None
    )
    return Machine(
        os=spec.os,
        architecture=spec.architecture,
        roles=spec.roles,
        variables=spec.variables.written(),
        packages=spec.packages,
        source=source,
    )


def misfit(
    environment: str,
    spec: MachineSpec | None,
    *,
    suites: Collection[Suite],
    instance_type: str | None,
) -> str | None:
    """Say what of an environment's machine nobody knows, or its instance type cannot run.

    What says nothing of its machines starts from whatever Airflow's configuration names.

    :param environment: its name.
    :param spec: its machine; None where the project file describes none.
    :param suites: that the package is built for; empty for all.
    :param instance_type: as the project file names it; None where it does not.
    :returns: None where there is nothing to say.
    """
    machine = described(spec)
    suite, wanted = machine.distribution.suite, machine.architecture
    if suites and suite not in suites:
        return f"machine of {environment}: package.suites has nothing for {suite}"
    if spec is None:
        return None
    if not spec.roles and (wrong := unknown(spec.variables)):
        return f"machine of {environment}: {wrong}"
    if instance_type is None or architecture_of(instance_type) is wanted:
        return None
    return (
        f"environments.{environment}: instance.type {instance_type} is "
        f"{architecture_of(instance_type).value}, and the machine {wanted.value}; "
        f"take one like {smallest_like(instance_type, wanted)}"
    )
