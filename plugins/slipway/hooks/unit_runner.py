"""Runs a package's service as its systemd unit says, in a container that has no systemd.

This file is sent into the container as it is, and runs there with whatever Python 3.9 or later the
container has; nothing of Slipway is beside it. It knows of units what starts a service: its user,
folders, environment and commands. What a unit asks for its own protection is passed over.

``start``: install the packages, once, then run the service and start it again as its unit says.
``command``: run the project's own command, as the service's user and in its environment.
"""

from __future__ import annotations

import grp
import json
import os
import pwd
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path("/slipway")
SETTINGS, INSTALLED = HERE / "settings.json", HERE / "installed"
NOT_INSTALLED = "slipway: the package cannot be installed"
_UNITS = ("/etc/systemd/system", "/usr/lib/systemd/system", "/lib/systemd/system")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_NOBODY = 65534
_FOLDERS = {
    "RuntimeDirectory": "/run",
    "StateDirectory": "/var/lib",
    "CacheDirectory": "/var/cache",
    "LogsDirectory": "/var/log",
    "ConfigurationDirectory": "/etc",
}
_RESTARTS, _GRACE = 30, 10.0
Unit = dict[str, list[str]]


def read_unit(name: str, roots: tuple[str, ...] = _UNITS) -> Unit:
    """Read the ``[Service]`` section of a unit and its drop-ins: key -> values, in their order.

    :param name: the unit's; an instance is read from its template.
    :param roots: folders, the first one with the unit counts.
    """
    template = re.sub(r"@[^.]*\.", "@.", name)
    files = [f"{root}/{one}" for one in dict.fromkeys((name, template)) for root in roots]
    main = next((file for file in files if Path(file).exists()), None)
    if main is None:
        sys.exit(f"slipway: there is no unit {name}")
    folders = {Path(root, f"{one}.d") for one in (name, template) for root in roots}
    dropins = {file for folder in folders for file in folder.glob("*.conf")}
    unit: Unit = {}
    for file in (Path(main), *sorted(dropins, key=lambda one: one.name)):
        _add(unit, file.read_text(encoding="utf-8", errors="replace"))
    return unit


def _add(unit: Unit, text: str) -> None:
    section = ""
    for line in re.sub(r"\\\n", " ", text).splitlines():
        line = line.strip()
        if line.startswith("["):
            section = line
        elif section == "[Service]" and "=" in line and line[0] not in "#;":
            key, value = (part.strip() for part in line.split("=", 1))
            # An empty value takes back what came before.
            unit[key] = [*unit.get(key, []), value] if value else []


def last(unit: Unit, key: str, default: str = "") -> str:
    """Return the value that counts of a key that has one."""
    return (unit.get(key) or [default])[-1]


class Service:
    """What a unit says of how its service runs.

    :param name: the unit's.
    :param unit: as :func:`read_unit` returns it.
    :param given: variables that come on top of the unit's own.
    """

    def __init__(self, name: str, unit: Unit, given: dict[str, str]) -> None:
        self.name, self.unit = name, unit
        self.uid, self.gid, self.user, self.home = _account(unit)
        self.environment = {**self._environment(), **given}

    def _environment(self) -> dict[str, str]:
        found = {"PATH": _PATH, "LANG": "C.UTF-8"}
        if "User" in self.unit:
            found |= {"USER": self.user, "LOGNAME": self.user, "HOME": self.home}
        for key, root in _FOLDERS.items():
            if names := " ".join(self.unit.get(key, [])).split():
                paths = [f"{root}/{self.filled(one).split(':')[0]}" for one in names]
                found[re.sub(r"(?<!^)(?=[A-Z])", "_", key).upper()] = ":".join(paths)
        for line in self.unit.get("Environment", []):
            found |= dict(w.split("=", 1) for w in shlex.split(self.filled(line)) if "=" in w)
        for written in self.unit.get("EnvironmentFile", []):
            pattern = self.filled(written.lstrip("-")).lstrip("/")
            for file in sorted(Path("/").glob(pattern)):
                found |= environment_file(file.read_text(encoding="utf-8", errors="replace"))
        return found

    def filled(self, text: str) -> str:
        """Fill in a unit's specifiers (``%i``)."""
        base = self.name.rsplit(".", 1)[0]
        prefix, _, instance = base.partition("@")
        known = {"n": self.name, "N": base, "p": prefix, "i": instance, "I": instance}
        known |= {"u": self.user, "U": str(self.uid), "h": self.home, "H": socket.gethostname()}
        known |= {"t": "/run", "S": "/var/lib", "C": "/var/cache", "L": "/var/log", "E": "/etc"}
        known["%"] = "%"
        return re.sub(r"%(.)", lambda found: known.get(found[1], found[0]), text)

    def argv(self, command: str) -> list[str]:
        """Split a command as systemd does: variables are filled in, and no shell reads it."""
        words: list[str] = []
        for word in shlex.split(self.filled(command)):
            alone = re.fullmatch(r"\$([A-Za-z_][A-Za-z0-9_]*)", word)
            if alone:
                words += self.environment.get(alone[1], "").split()
            else:
                filled = _VARIABLE.sub(lambda found: self.environment.get(found[1], ""), word)
                words.append(filled.replace("$$", "$"))
        return words

    def make_folders(self) -> None:
        """Make the folders that systemd would make."""
        for key, root in _FOLDERS.items():
            for name in " ".join(self.unit.get(key, [])).split():
                path = Path(root, self.filled(name).split(":")[0])
                path.mkdir(parents=True, exist_ok=True)
                if key != "ConfigurationDirectory":
                    os.chown(path, self.uid, self.gid)

    def start(self, argv: list[str], *, privileged: bool = False) -> subprocess.Popen[bytes]:
        """Start a program as the unit says.

        :param argv: the program and its arguments.
        :param privileged: as root, whatever the unit's user is.
        """
        where = self.filled(last(self.unit, "WorkingDirectory", "/")).lstrip("-")
        folder = Path(self.home if where == "~" else where)
        account: dict[str, Any] = {}
        if not privileged and self.uid:
            groups = os.getgrouplist(self.user, self.gid)
            account = {"user": self.uid, "group": self.gid, "extra_groups": groups}
        return subprocess.Popen(  # noqa: S603 - what the package's own unit says
            argv,
            env=self.environment,
            cwd=folder if folder.is_dir() else "/",
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            **account,
            umask=int(last(self.unit, "UMask", "0022"), 8),
        )


_VARIABLE = re.compile(r"(?<!\$)\$\{([A-Za-z_][A-Za-z0-9_]*)\}")
# A character before the path says how systemd treats it; these two mean something here.
_PREFIX = re.compile(r"^([-@:+!|]*)(.*)$", re.DOTALL)


def environment_file(text: str) -> dict[str, str]:
    """Read a file of variables as systemd does."""
    found = {}
    for line in re.sub(r"\\\n", "", text).splitlines():
        name, equals, value = line.strip().partition("=")
        if equals and not name.startswith(("#", ";")):
            value = value.strip()
            quote = value[:1]
            if quote and quote in "\"'" and value.endswith(quote) and len(value) > 1:
                value = value[1:-1]
                if quote == '"':
                    value = re.sub(r'\\([\\"`$])', r"\1", value)
            found[name.strip()] = value
    return found


def _account(unit: Unit) -> tuple[int, int, str, str]:
    """Return the service's user: id, group's id, name, home."""
    name = last(unit, "User")
    dynamic = last(unit, "DynamicUser").lower() in ("yes", "true", "1", "on")
    if not name and not dynamic:
        return 0, 0, "root", "/root"
    try:
        found = pwd.getpwuid(int(name)) if name.isdecimal() else pwd.getpwnam(name)
    except KeyError:
        if dynamic:
            return _NOBODY, _NOBODY, "nobody", "/"
        sys.exit(f"slipway: there is no user {name}, whom the unit names")
    return found.pw_uid, _group(last(unit, "Group"), found.pw_gid), found.pw_name, found.pw_dir


def _group(name: str, default: int) -> int:
    if not name:
        return default
    return int(name) if name.isdecimal() else grp.getgrnam(name).gr_gid


def install() -> None:
    """Install the packages, and what they need; none of their services is started by that."""
    if INSTALLED.exists():
        return
    quiet = HERE / "bin"
    quiet.mkdir(exist_ok=True)
    for tool in ("systemctl", "deb-systemd-invoke", "service", "invoke-rc.d"):
        (quiet / tool).write_text("#!/bin/sh\nexit 0\n")
        (quiet / tool).chmod(0o755)
    files = [*sorted(HERE.glob("needed/*.deb")), *sorted(HERE.glob("packages/*.deb"))]
    done = subprocess.run(  # noqa: S603 - in a container of its own
        ["/usr/bin/dpkg", "--force-confdef", "--force-confold", "--install", *files],
        env={"PATH": f"{quiet}:{_PATH}", "DEBIAN_FRONTEND": "noninteractive", "LANG": "C.UTF-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    if done.returncode != 0:
        sys.stdout.write(done.stdout.decode(errors="replace")[-4000:])
        sys.exit(NOT_INSTALLED)
    INSTALLED.touch()


class _Ended(Exception):
    """Somebody wants the service to end."""


def run(service: Service) -> None:
    """Run the service until somebody ends it."""

    def ended(*_: Any) -> None:
        raise _Ended

    # An image of a machine is stopped with systemd's own signal.
    for one in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGRTMIN + 3):
        signal.signal(one, ended)
    child: subprocess.Popen[bytes] | None = None
    try:
        service.make_folders()
        for command in service.unit.get("ExecStartPre", []):
            child, prefix, words = _started(service, command)
            if child.wait() != 0 and "-" not in prefix:
                print(f"slipway: ExecStartPre ended with {child.returncode}: {words}", flush=True)
        for _ in range(_RESTARTS):
            for command in service.unit.get("ExecStart", []):
                child, _, _ = _started(service, command)
                child.wait()
                print(f"slipway: the service ended with {child.returncode}", flush=True)
            if not child or not _again(service.unit, child.returncode):
                break
            time.sleep(1)
        while True:  # a daemon may have parted from it
            signal.pause()
    except _Ended:
        _end(child)


def _started(service: Service, command: str) -> tuple[subprocess.Popen[bytes], str, str]:
    found = _PREFIX.match(command)
    prefix, words = (found[1], found[2]) if found else ("", command)
    child = service.start(service.argv(words), privileged=bool(set(prefix) & set("+!")))
    return child, prefix, words


def _again(unit: Unit, code: int) -> bool:
    prevented = " ".join(unit.get("RestartPreventExitStatus", [])).split()
    when = last(unit, "Restart", "no")
    wanted = when == "always" or (when != "no" and (when == "on-success") == (code == 0))
    return wanted and str(code) not in prevented


def _end(child: subprocess.Popen[bytes] | None) -> None:
    if child is None or child.poll() is not None:
        return
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()


def main(what: str) -> None:
    """Start the service, or run the project's command beside it."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    if what == "start":
        install()
    service = Service(settings["unit"], read_unit(settings["unit"]), settings["environment"])
    if what == "start":
        run(service)
    else:
        sys.exit(service.start(["/bin/sh", "-c", settings["command"]]).wait())


if __name__ == "__main__":
    main(sys.argv[1])
