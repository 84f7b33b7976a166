"""Keeps a package's installation from leaving a running service in the image, and tells the rest.

What starts while an image is made would write its first data into it. So, until the package is
installed, no service starts of those that ask policy-rc.d, and no unit, whoever asks: by systemctl,
over the bus. A script that starts its daemon itself asks neither: start-stop-daemon does nothing
meanwhile, and what runs at the end all the same is stopped. What the installation wrote besides the
packages' own files is told, since every machine of the image will have the same: keys, identities,
sockets, pid files, logs. What a project's own roles do before is kept quiet alone.

    installing.py quieten
    installing.py begin STATE
    installing.py end STATE
"""

from __future__ import annotations

import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from pathlib import Path

PROC, DPKG = Path("/proc"), Path("/var/lib/dpkg/info")
STARTER = Path("/sbin/start-stop-daemon")
ASIDE = Path("/sbin/start-stop-daemon.slipway")
IDLE = "#!/bin/sh\n# Nothing starts while an image is made.\nexit 0\n"
POLICY = Path("/usr/sbin/policy-rc.d")
# There while a package is installed, in memory, as are the drop-ins: no image has them.
MARK, UNITS = Path("/run/slipway-installing"), Path("/run/systemd/system")
KINDS = ("service", "socket", "timer", "path")
DROP_IN = "slipway-installing.conf"
# Seconds that a process has to end.
PATIENCE = 10
ROOTS = ("/etc", "/home", "/opt", "/root", "/run", "/srv", "/usr/local", "/var")
# What every installation writes, and the way in of whoever installs.
USUAL = re.compile(
    r"/var/(lib/(dpkg|apt|systemd|ucf|pam|private|python)|cache|log/(apt|journal|private))/"
    r"|/var/log/(dpkg|alternatives|auth|syslog|daemon|kern|messages|lastlog|wtmp|btmp|faillog)"
    r"|/var/log/(user\.log|cloud-init)"
    r"|/run/(systemd|udev|log|user|sudo|lock|dbus|initctl|utmp|mount|ansible|sshd|cloud-init)"
    r"|/run/slipway|/etc/(ld\.so\.cache|mtab|passwd|group|shadow|gshadow|subuid|subgid)"
    r"|/etc/(systemd/system|rc.\.d|apt|alternatives)/|/etc/\."
    r"|.*/\.ansible/|/home/[^/]+/\.(ssh|cache|bash_history)"
)
# The machine's own, and the way in.
OWN = re.compile(r"/(usr/)?lib/systemd/|/(usr/)?s?bin/(sshd|agetty|sudo|dbus-daemon)$")
OWN_NAMES = ("sshd", "sshd-session", "(sd-pam)", "sudo", "systemd")
IDENTITY = re.compile(
    r"(machine|host|instance|node|server|client)[-_.]?id|uuid|\bid$", re.IGNORECASE
)
KEY = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY")
# Lines of a report.
MOST = 40
# When it started, its parent, its name.
Process = tuple[int, int, str]


def processes() -> dict[int, Process]:
    """Return what runs: pid -> (start, parent, name)."""
    found: dict[int, Process] = {}
    for folder in PROC.glob("[0-9]*"):
        try:
            text = (folder / "stat").read_text(errors="replace")
        except OSError:  # it has just ended
            continue
        name, _, rest = text.partition("(")[2].rpartition(")")
        fields = rest.split()
        found[int(folder.name)] = (int(fields[19]), int(fields[1]), name)
    return found


def begin(state: Path) -> None:
    """Note what runs and what time it is, and let nothing start."""
    quieten()
    running = {str(pid): start for pid, (start, _, _) in processes().items()}
    # Of the file system, whose clock may not be ours.
    state.write_text("")
    noted = {"since": state.stat().st_ctime_ns, "running": running}
    state.write_text(json.dumps(noted))
    if STARTER.exists() and not ASIDE.exists():
        STARTER.rename(ASIDE)
        STARTER.write_text(IDLE)
        STARTER.chmod(0o755)


def quieten() -> None:
    """Let no service and no unit start.

    A condition that does not hold is no failure for a script that calls systemctl.
    """
    write(POLICY, "#!/bin/sh\nexit 101\n", 0o755)
    for kind in KINDS:
        folder = UNITS / f"{kind}.d"
        folder.mkdir(mode=0o755, parents=True, exist_ok=True)
        folder.chmod(0o755)
        write(folder / DROP_IN, f"[Unit]\nConditionPathExists=!{MARK}\n", 0o644)
    write(MARK, "", 0o644)
    reload()


def let_start() -> None:
    """Let services and units start again."""
    MARK.unlink(missing_ok=True)
    for kind in KINDS:
        (UNITS / f"{kind}.d" / DROP_IN).unlink(missing_ok=True)
        with suppress(OSError):  # it is not there, or somebody else's are in it
            (UNITS / f"{kind}.d").rmdir()
    POLICY.unlink(missing_ok=True)
    reload()


def write(path: Path, text: str, mode: int) -> None:
    """Write a file that anybody may read, whatever the umask is."""
    path.write_text(text)
    path.chmod(mode)


def reload() -> None:
    """Have systemd read its units again."""
    subprocess.run(["/usr/bin/systemctl", "daemon-reload"], check=True)


def end(state: Path) -> list[str]:
    """Put everything back, stop what runs, and return what there is to tell."""
    restore()
    noted = json.loads(state.read_text())
    stopped = [stop(*one) for one in strays(noted["running"], processes())]
    left = sorted(left_behind(noted["since"], owned()))
    state.unlink()
    let_start()
    told = [*stopped, *left[:MOST]]
    return [*told, f"and {len(left) - MOST} more"] if len(left) > MOST else told


def restore() -> None:
    """Put start-stop-daemon back, unless dpkg itself has brought a newer one."""
    if ASIDE.exists():
        if STARTER.exists() and STARTER.read_bytes() != IDLE.encode():
            ASIDE.unlink()
        else:
            ASIDE.replace(STARTER)


def strays(before: Mapping[str, int], now: Mapping[int, Process]) -> Iterator[tuple[int, str]]:
    """Return pid and name of what was started meanwhile and is nobody's session."""
    mine = ancestors(os.getpid(), now)
    for pid, (start, _, name) in now.items():
        line = ancestors(pid, now)
        session = any(now[one][2] in OWN_NAMES[:2] for one in line)
        if before.get(str(pid)) == start or pid in mine or session or 2 in line:
            continue
        if name not in OWN_NAMES and not OWN.match(program(pid)):
            yield pid, name


def ancestors(pid: int, now: Mapping[int, Process]) -> list[int]:
    """Return a process and all that it descends from, but for the first of all."""
    line: list[int] = []
    while pid > 1 and pid in now and pid not in line:
        line.append(pid)
        pid = now[pid][1]
    return line


def program(pid: int) -> str:
    """Return the file that a process runs, or nothing."""
    try:
        return str((PROC / str(pid) / "exe").readlink())
    except OSError:
        return ""


def stop(pid: int, name: str) -> str:
    """End a process, the hard way if need be, and say so."""
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.kill(pid, sent)
        except ProcessLookupError:
            break
        if ended(pid):
            break
    return f"stopped {name}, which the installation had started past systemd"


def ended(pid: int) -> bool:
    """Wait for a process to be gone."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        try:
            state = (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.1)
    return False


def owned() -> set[str]:
    """Return the files of all installed packages."""
    found: set[str] = set()
    for file in DPKG.glob("*.list"):
        found.update(file.read_text(errors="surrogateescape").splitlines())
    return found


def left_behind(since: int, packaged: Collection[str]) -> Iterator[str]:
    """Yield what was written since, and is no file of a package."""
    for root in ROOTS:
        for folder, folders, files in os.walk(root):
            folders[:] = [one for one in folders if not Path(folder, one).is_mount()]
            for path in (f"{folder}/{name}" for name in files):
                if path not in packaged and not USUAL.match(path):
                    yield from told(Path(path), since)


def told(path: Path, since: int) -> Iterator[str]:
    """Yield a line about a file, if it is new."""
    try:
        its = path.lstat()
        if its.st_ctime_ns >= since and not stat.S_ISLNK(its.st_mode):
            yield f"left behind: {kind(path, its)} {str(path)!r} ({its.st_size} bytes)"
    except OSError:
        return


def kind(path: Path, its: os.stat_result) -> str:
    """Say what a file is."""
    if stat.S_ISSOCK(its.st_mode):
        return "the socket"
    if path.suffix == ".pid":
        return "the pid file"
    if stat.S_ISREG(its.st_mode):
        with path.open("rb") as file:
            if KEY.search(file.read(4096)):
                return "the private key, the same on every machine,"
    if IDENTITY.search(path.name):
        return "the identity, the same on every machine,"
    if str(path).startswith("/var/log/") or path.suffix == ".log":
        return "the log"
    return "the file"


if __name__ == "__main__":
    if sys.argv[1] == "quieten":
        quieten()
    elif sys.argv[1] == "begin":
        begin(Path(sys.argv[2]))
    else:
        for line in end(Path(sys.argv[2])):
            print(line)
