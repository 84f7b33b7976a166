"""Installs the packages of a release, from the very files that were tested.

All are downloaded and compared before a line of any of them runs, and then installed one after the
other. apt, told to install a file, takes another in its place where a list has one of the same
version, fields and size. So apt is asked what a package needs and what stands against it, and
installs that; the file is given to dpkg itself.

    packages.py FOLDER PACKAGES [OPTION...]

FOLDER is where they are downloaded to, for a moment. PACKAGES are in JSON, each with its name,
version and sha256. The options are apt's, for the downloads alone. All that apt and dpkg say goes
to the standard output, and why it failed to the standard error.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import apt
from apt.debfile import DebPackage

Package = Mapping[str, str]
QUIET = {
    "DEBIAN_FRONTEND": "noninteractive",
    "DEBIAN_PRIORITY": "critical",
    "APT_LISTCHANGES_FRONTEND": "none",
    "LC_ALL": "C.UTF-8",
    "LANGUAGE": "C.UTF-8",
}
# A file that somebody has changed stays; one that nobody has is replaced.
KEPT = ("--force-confdef", "--force-confold")
INSTALL = (
    "apt-get",
    "install",
    "--yes",
    "--no-install-recommends",
    "--option=DPkg::Lock::Timeout=120",
    *(f"--option=Dpkg::Options::={one}" for one in KEPT),
    "--",
)
# apt itself waits for one of the locks alone, and dpkg for none.
LOCKED = re.compile(r"^E: Could not get lock|^dpkg: error: .*\block\b", re.MULTILINE)
# A script of a package may fail on a lock as well, which no waiting helps.
BEGUN = re.compile(r"^(Preparing to unpack|Unpacking|Setting up) ", re.MULTILINE)
NOISE = re.compile(
    r"\(?(Reading|Building|Selecting previously|Preparing to|Unpacking|Processing triggers) "
)
# Characters of a reason.
MOST = 700


class Stopped(Exception):
    """A package is not installed."""

    code = 1


class Refused(Stopped):
    """It is not the package that was tested, and no further try makes it so."""

    code = os.EX_DATAERR


class Busy(Stopped):
    """Somebody else installs something."""

    code = os.EX_TEMPFAIL


def bring(folder: Path, packages: Sequence[Package], options: Sequence[str]) -> None:
    """Download, compare and install.

    What a first try left, or the machine brought along, is not what is downloaded now.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    try:
        files = [download(one, folder / str(at), options) for at, one in enumerate(packages)]
        for file in files:
            install(file)
        for one in packages:
            see_that_it_is_there(one)
    finally:
        shutil.rmtree(folder)


def download(package: Package, folder: Path, options: Sequence[str]) -> Path:
    """Return the one file that a package is, with the digest that it had when it was tested."""
    folder.mkdir(mode=0o700)
    name, version = package["name"], package["version"]
    run("apt-get", *options, "download", f"{name}={version}", folder=folder)
    files = sorted(folder.iterdir())
    if len(files) != 1:
        msg = (
            f"{name} {version} was downloaded as {len(files)} files, of which nobody knows which "
            f"one would be installed: {', '.join(one.name for one in files)}"
        )
        raise Refused(msg)
    digest = hashlib.sha256(files[0].read_bytes()).hexdigest()
    if digest != package["sha256"]:
        msg = (
            f"{name} {version} in the repository has the sha256 {digest}, "
            f"the release that was tested {package['sha256']}"
        )
        raise Refused(msg)
    return files[0]


def install(file: Path) -> None:
    """Install one file, and before it what it needs."""
    deb = DebPackage(str(file), apt.Cache())
    if not deb.check():
        msg = f"{file.name} cannot be installed: {deb._failure_string.strip()}"
        raise Stopped(msg)
    if deb.missing_deps:
        run(*INSTALL, *deb.missing_deps)
    run("dpkg", *KEPT, "--install", str(file))


def see_that_it_is_there(package: Package) -> None:
    """Refuse any other version, and none: another package of the release may have seen to that."""
    name, version = package["name"], package["version"]
    there = run("dpkg-query", "--show", "--showformat=${Version} ${db:Status-Status}", name)
    if there != f"{version} installed":
        msg = f"{name} is there as {there}, not as {version} installed"
        raise Stopped(msg)


def run(*argv: str, folder: Path = Path("/")) -> str:
    """Run a program to its end, and return all that it said."""
    done = subprocess.run(  # noqa: S603 - no shell between
        argv,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=os.environ | QUIET,
        text=True,
        errors="replace",
    )
    print(done.stdout, end="", flush=True)
    if done.returncode == 0:
        return done.stdout
    msg = f"{argv[0]} {Path(argv[-1]).name}: {reason(done.stdout)}"
    if LOCKED.search(done.stdout) and not BEGUN.search(done.stdout):
        msg = f"Could not get lock: {msg}"
        raise Busy(msg)
    raise Stopped(msg)


def reason(said: str) -> str:
    """Return the last lines of what was said, which have the reason."""
    lines = [line.rstrip() for line in said.splitlines() if not NOISE.match(line)]
    text = "\n".join(line for line in lines if line)
    return text if len(text) <= MOST else f"...{text[-MOST:]}"


def main(folder: str, packages: str, *options: str) -> int:
    """Say why it failed, if it did."""
    try:
        bring(Path(folder), json.loads(packages), options)
    except Stopped as stopped:
        print(stopped, file=sys.stderr)
        return stopped.code
    except SystemError as broken:  # what apt raises: a list or a file that it cannot read
        print(f"apt: {broken}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
