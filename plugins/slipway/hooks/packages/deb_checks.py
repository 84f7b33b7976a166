"""Whether a package is the one that the project file describes, and how to make it so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from slipway.exceptions import PackageRefused
from slipway.hooks.apt.index import ANY, ARCHITECTURES
from slipway.hooks.packages.deb_fields import NAME
from slipway.hooks.packages.deb_units import is_template
from slipway.hooks.packages.nfpm import BuiltDeb
from slipway.hooks.packages.nfpm_fields import name_advice, version_advice
from slipway.model.deb_version import upstream
from slipway.model.text.inert import visible

# dpkg would not know its own package again: an epoch of 0 is none, and none begins with one.
_ZERO_EPOCH = re.compile(r"0\d*:")
# Of lintian's lines, `E: package: tag [place]`, so many are shown.
_TAG = re.compile(r"E: \S+: (\S+)")
_NAMED = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class Wanted:
    """What a package must be.

    :param package: its name.
    :param version: the release's.
    :param unit: the systemd unit that must be inside.
    """

    package: str
    version: str
    unit: str


def check(built: BuiltDeb, wanted: Wanted) -> None:
    """Compare a package with what it must be; lintian's word comes last.

    :raises PackageRefused: for all that is otherwise.
    """
    looks = (_check_name, _check_version, _check_architecture, _check_unit)
    wrong = [*(error for look in looks for error in _wrong(look, built, wanted))]
    if not wrong:
        _check_lintian(built)
        return
    if len(wrong) == 1:
        raise wrong[0]
    what = "\n".join(f"    {error.message}" for error in wrong)
    msg = f"the package of {built.packaging.path} is not the project file's:\n{what}"
    raise PackageRefused(msg, advice="; ".join(error.advice for error in wrong))


def _wrong(
    look: Callable[[BuiltDeb, Wanted], None], built: BuiltDeb, wanted: Wanted
) -> list[PackageRefused]:
    try:
        look(built, wanted)
    except PackageRefused as error:
        return [error]
    return []


def check_beside(built: BuiltDeb, wanted: Wanted) -> None:
    """Look at a package that goes along with the one that has the unit.

    :raises PackageRefused: when its name is none, or may be another project's, or it is not of the
        release, or for no machine.
    """
    if not NAME.fullmatch(built.name):
        msg = f"{built.packaging.path} has a package whose name is none: {visible(built.name)}"
        raise PackageRefused(
            msg, advice="Debian's names are lower case letters, digits, +, - and ."
        )
    if not built.name.startswith(f"{wanted.package}-"):
        msg = f"{built.packaging.path} has a package {built.name}, which may be another project's"
        advice = f"call it {wanted.package}-..., since all projects share the repository"
        raise PackageRefused(msg, advice=advice)
    _check_version(built, wanted)
    _check_architecture(built, wanted)


def _check_name(built: BuiltDeb, wanted: Wanted) -> None:
    if built.name != wanted.package:
        file = built.packaging
        msg = f"{file.path} builds {built.name!r}, the project file says {wanted.package!r}"
        advice = "; ".join(name_advice(file, wanted.package))
        advice = advice or f"give both the same name: {file.place('name')}"
        raise PackageRefused(msg, advice=advice)


def _check_version(built: BuiltDeb, wanted: Wanted) -> None:
    """Allow an epoch and a revision, and nothing else beside the release's version."""
    file = built.packaging
    if _ZERO_EPOCH.match(built.version):
        msg = f"the package has version {built.version}, and dpkg writes no such epoch"
    elif upstream(built.version) != wanted.version:
        msg = f"the package has version {built.version}, the release is {wanted.version}"
    else:
        return
    if built.ready:
        advice = "build it with the version that steps have in SLIPWAY_VERSION"
        raise PackageRefused(
            msg, advice=f"{advice}; an epoch from 1 on before it and a revision after it stay"
        )
    advice = "; ".join(version_advice(file))
    advice = advice or f"write `version: ${{VERSION}}` and `version_schema: none` in {file.path}"
    raise PackageRefused(msg, advice=advice)


def _check_architecture(built: BuiltDeb, _: Wanted) -> None:
    served = (*ARCHITECTURES, ANY)
    if built.architecture not in served:
        msg = f"the package is for {built.architecture}, which no machine here is"
        advice = f"let `arch` be one of {', '.join(served)} ({built.packaging.place('arch')})"
        if built.ready:
            advice = f"build it for one of {', '.join(served)}"
        raise PackageRefused(msg, advice=advice)


def _check_unit(built: BuiltDeb, wanted: Wanted) -> None:
    unit, found, file = wanted.unit, built.units, built.packaging.path
    if is_template(unit):
        msg = f"{unit} is a template, and only an instance of it can be started"
        name = unit.removesuffix(".service")
        raise PackageRefused(msg, advice=f"name one in package.unit, such as {name}1.service")
    if unit in found.astray:
        msg = f"the unit {unit} is a link to {found.astray[unit]}, and the package has no such file"
        advice = f"add that file to {file} as well, or the unit itself in place of the link"
        raise PackageRefused(msg, advice=advice)
    if not found.has(unit):
        msg = f"the package has no unit {unit} (it has: {', '.join(found.names) or 'none'})"
        advice = f"add {unit} to {file} below /lib/systemd/system, or correct package.unit"
        if built.ready:
            advice = "let the package have it below /lib/systemd/system, or correct package.unit"
        raise PackageRefused(msg, advice=advice)


def _check_lintian(built: BuiltDeb) -> None:
    if not built.lintian:
        return
    errors = [line for line in built.lintian if line.startswith("E:")]
    said = "\n".join(f"    {line}" for line in (errors or built.lintian)[:_NAMED])
    msg = f"lintian finds errors in the package:\n{said}"
    tags = dict.fromkeys(match[1] for line in errors if (match := _TAG.match(line)))
    raise PackageRefused(msg, advice=f"correct them, or {_override(built, list(tags))}")


def _override(built: BuiltDeb, tags: list[str]) -> str:
    """Say where a tag is overridden, and how."""
    place = f"/usr/share/lintian/overrides/{built.name}"
    lines = ", ".join(f"`{built.name}: {tag}`" for tag in tags[:_NAMED] or ["TAG"])
    if built.ready:
        return f"override them in the package's {place}, the reason above each after a #: {lines}"
    if source := built.packaging.overrides(built.name):
        return f"override them in {source}, the reason above each after a #: {lines}"
    return (
        f"override them, in a file that says {lines}, the reason above each after a #; in the "
        f"contents of {built.packaging.path} it is `{{src: lintian-overrides, dst: {place}, "
        "file_info: {mode: 0644}}`"
    )
