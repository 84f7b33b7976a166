"""Programs that pipelines use and that run code, or other programs, out of their words."""

from __future__ import annotations

import re

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"})
# Programs that run the program that their words name, with the same variables.
WRAPPERS = frozenset(
    {"busybox", "chroot", "command", "builtin", "dumb-init", "env", "exec", "faketime", "fakeroot",
     "find", "flock", "gosu", "ionice", "nice", "nohup", "parallel", "retry", "setsid", "stdbuf",
     "strace", "su-exec", "time", "timeout", "tini", "unbuffer", "watch", "with-contenv", "xargs",
     "xvfb-run"}
)  # fmt: skip
# The same, without the variables.
FAR = frozenset(
    {"doas", "docker", "docker-compose", "flatpak", "kubectl", "lxc", "nerdctl", "nsenter", "oc",
     "podman", "pct", "runuser", "ssh", "su", "sudo", "systemd-run", "toolbox", "unshare",
     "vagrant"}
)  # fmt: skip
# Options whose next word, or the rest of which, is code; the short ones may stand in a cluster.
OPTIONS: dict[str, str] = {
    "python": "c", "pypy": "c", "perl": "eE", "ruby": "e", "lua": "e", "luajit": "e", "node": "ep",
    "nodejs": "ep", "deno": "ep", "bun": "ep", "php": "rBRE", "R": "e", "Rscript": "e",
    "julia": "eE", "groovy": "e", "scala": "e", "elixir": "e", "ghc": "e", "psql": "c",
    "mysql": "e", "mariadb": "e", "clickhouse-client": "q", "vim": "c", "ex": "c", "gdb": "x",
}  # fmt: skip
LONG_OPTIONS = ("--eval", "--print", "--execute", "--command", "--query", "--run", "--exec")
# Programs whose first operand is code, options with a word of their own, and such with code.
OPERANDS: dict[str, tuple[str, str, frozenset[str]]] = {
    "awk": ("Fvil", "e", frozenset({"-f", "--file"})),
    "sed": ("l", "e", frozenset({"-f", "--file"})),
    "jq": ("L", "", frozenset({"-f", "--from-file"})),
    "yq": ("", "", frozenset({"--from-file"})),
}
ALIASES = {"gawk": "awk", "mawk": "awk", "nawk": "awk", "gsed": "sed", "gojq": "jq", "jaq": "jq"}
PAIRS = ("--arg", "--argjson", "--slurpfile", "--rawfile")
# Read commands from what is fed to them, whatever their words.
FED = frozenset(
    {"bc", "make", "gmake", "dc", "ed", "ex", "ftp", "gdb", "gnuplot", "m4", "mailx",
     "mariadb", "mongo", "mongosh", "mysql", "psql", "sftp", "sqlite3", "tclsh", "vim"}
)  # fmt: skip
# Programs that run others if an option says so.
BY_OPTION = frozenset(
    {"cpio", "curl", "git", "man", "rsync", "scp", "sort", "split", "tar", "wget", "zip"}
)
# Options of wrappers that take a word, and the operands before the command.
TAKES = {
    "sudo": ("ugphCrtTU", 0), "doas": ("uC", 0), "env": ("uC", 0), "timeout": ("sk", 1),
    "nice": ("n", 0), "xargs": ("InPLdEsa", 0), "ionice": ("cnp", 0), "stdbuf": ("ioe", 0),
    "flock": ("wE", 1), "chroot": ("", 1), "gosu": ("", 1), "su-exec": ("", 1), "runuser": ("u", 0),
}  # fmt: skip
# Wrappers whose command is not the first of their operands.
LATE = frozenset({"docker", "docker-compose", "find", "kubectl", "lxc", "nerdctl", "oc", "podman",
                   "ssh", "su"})  # fmt: skip
SCHEDULERS = frozenset({"at", "batch", "crontab"})
ARITHMETIC = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v"})
VERSION = re.compile(r"(python|pypy|ruby|php|perl|lua|node)[\d.]+$")
SSH_WORDS = "BbcDEeFIiJLlmOopQRSWw"
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=")
