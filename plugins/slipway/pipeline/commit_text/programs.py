"""Programs that pipelines use, and what their words are to them.

Nobody can list what runs code. So these lists say of which programs the words, and the input, are
known to be text; whatever is in none of them is looked at with suspicion
(:mod:`slipway.pipeline.commit_text.suspicion`).
"""

from __future__ import annotations

import re

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "mksh", "rbash"})
# Programs that run the program that their words name, with the same variables.
WRAPPERS = frozenset(
    {"builtin", "chroot", "chronic", "command", "dumb-init", "env", "exec", "fakeroot", "flock",
     "gosu", "ionice", "nice", "nohup", "setsid", "stdbuf", "strace", "su-exec", "time", "timeout",
     "tini", "unbuffer", "with-contenv", "xvfb-run"}
)  # fmt: skip
# The same, without the variables.
FAR_WRAPPERS = frozenset({"doas", "runuser", "sudo", "systemd-run", "unshare"})
# Those whose second word says that a program follows.
LAUNCHERS = {"poetry": "run", "uv": "run", "pipenv": "run", "pdm": "run", "rye": "run",
             "bundle": "exec", "bundler": "exec"}  # fmt: skip
# Programs that run others in containers and elsewhere, with the words that say so.
CONTAINERS = frozenset(
    {"buildah", "docker", "docker-compose", "flatpak", "kubectl", "lxc", "nerdctl", "nsenter", "oc",
     "pct", "podman", "toolbox", "vagrant"}
)  # fmt: skip
# Options whose next word, or the rest of which, is code; the short ones may stand in a cluster.
INTERPRETERS: dict[str, str] = {
    "python": "c", "pypy": "c", "perl": "eE", "ruby": "e", "lua": "e", "luajit": "e", "node": "ep",
    "nodejs": "ep", "php": "rBRE", "R": "e", "Rscript": "e", "julia": "eE", "groovy": "e",
    "scala": "e", "elixir": "e", "ghc": "e",
}  # fmt: skip
# Clients of databases, with the options that take statements and those that take text.
CLIENTS: dict[str, tuple[str, str]] = {
    "psql": ("c", "vdUhp"), "mysql": ("e", "uhDP"), "mariadb": ("e", "uhDP"),
    "clickhouse-client": ("q", "udh"), "sqlite3": ("", ""), "duckdb": ("cs", ""),
}  # fmt: skip
LONG_OPTIONS = ("--eval", "--print", "--execute", "--command", "--query", "--run", "--exec", "-cmd")
# Programs whose first operand is code, options with a word of their own, and such with code.
OPERANDS: dict[str, tuple[str, str, frozenset[str]]] = {
    "awk": ("Fvil", "e", frozenset({"-f", "--file"})),
    "sed": ("l", "e", frozenset({"-f", "--file"})),
    "jq": ("L", "", frozenset({"-f", "--from-file"})),
    "yq": ("", "", frozenset({"--from-file"})),
}
ALIASES = {"gawk": "awk", "mawk": "awk", "nawk": "awk", "gsed": "sed", "gojq": "jq", "jaq": "jq"}
PAIRS = ("--arg", "--argjson", "--slurpfile", "--rawfile")
# Options of wrappers that take a word, and the operands before the command.
TAKES = {
    "sudo": ("ugphCrtTU", 0), "doas": ("uC", 0), "env": ("uC", 0), "timeout": ("sk", 1),
    "nice": ("n", 0), "xargs": ("InPLdEsa", 0), "ionice": ("cnp", 0), "stdbuf": ("ioe", 0),
    "flock": ("wE", 1), "chroot": ("", 1), "gosu": ("", 1), "su-exec": ("", 1), "runuser": ("u", 0),
    "exec": ("a", 0),
}  # fmt: skip
VERSION = re.compile(r"(python|pypy|ruby|php|perl|lua|node)[\d.]+$")
SSH_WORDS = "BbcDEeFIiJLlmOopQRSWw"
ASSIGNMENT = re.compile(r"[A-Za-z_]\w*\+?=")

# Every word is text to these, whatever it is, and so is their input.
TEXT = frozenset(
    {":", "banner", "base32", "base64", "basename", "break", "case", "cat", "cd", "chgrp", "chmod",
     "chown", "cksum", "cmp", "column", "comm", "continue", "cowsay", "cp", "cut", "date", "dd",
     "df", "diff", "dirname", "dos2unix", "du", "echo", "egrep", "exit", "expand", "expr", "false",
     "fgrep", "figlet", "file", "fold", "fmt", "for", "grep", "head", "hexdump", "hostname",
     "iconv", "id", "join", "ln", "logger", "ls", "md5", "md5sum", "mkdir", "mkfifo", "mktemp",
     "mv", "nl", "notify-send", "od", "paste", "popd", "printenv", "pushd", "pwd", "readlink",
     "realpath", "return", "rev", "rm", "rmdir", "select", "seq", "set", "sha1sum", "sha224sum",
     "sha256sum", "sha384sum", "sha512sum", "shasum", "shift", "sleep", "stat", "sum", "sync",
     "tac", "tail", "tee", "toilet", "touch", "tput", "tr", "true", "truncate", "tsort", "umask",
     "uname", "unexpand", "uniq", "wc", "whoami", "xxd", "yes"}
)  # fmt: skip
# Input is text to these as well, unless one of the words is there; the rest as for any other.
READERS: dict[str, frozenset[str]] = {
    "[": frozenset(), "test": frozenset(), "printf": frozenset(), "sort": frozenset(),
    "curl": frozenset({"-K", "--config"}), "http": frozenset(), "https": frozenset(),
    "jq": frozenset({"-f", "--from-file"}), "yq": frozenset({"--from-file"}),
    "sed": frozenset({"-f", "--file", "e"}), "awk": frozenset({"-f", "--file", "-E", "--exec"}),
    "envsubst": frozenset(), "export": frozenset(), "gzip": frozenset(), "gunzip": frozenset(),
    "xz": frozenset(), "bzip2": frozenset(), "zstd": frozenset(), "shuf": frozenset(),
    "sponge": frozenset(), "ts": frozenset(), "pv": frozenset(), "gpg": frozenset(),
    "mail": frozenset({"-~", "-I"}), "sendmail": frozenset(), "msmtp": frozenset(),
    "nc": frozenset({"-e", "-c", "--exec", "--sh-exec", "--lua-exec"}), "gh": frozenset(),
    "glab": frozenset(), "hub": frozenset(), "read": frozenset(), "local": frozenset(),
    "=(": frozenset(), "slackcat": frozenset(), "mapfile": frozenset({"-C"}),
}  # fmt: skip
# Options whose word is text, of programs that have others whose word runs.
TEXT_OPTIONS: dict[str, frozenset[str]] = {
    "git": frozenset(
        {"-m", "-am", "--message", "--author", "--date", "--notes", "--grep", "--file", "--format",
         "--pretty", "--trailer", "-F", "-C", "--since", "--until", "--after", "--before", "-b",
         "-B", "--branch", "--match", "--set-upstream-to"}
    ),
    "find": frozenset({"-name", "-iname", "-path", "-ipath", "-newer", "-regex", "-iregex", "-user",
                       "-group", "-printf", "-lname"}),
    "tar": frozenset({"-f", "-cf", "-xf", "-tf", "-czf", "-xzf", "-cjf", "-cJf", "-zcf", "-cvf",
                      "-czvf", "-C", "--file", "--directory", "--exclude", "--label", "--owner",
                      "--group", "--mtime"}),
    "sort": frozenset({"-o", "-t", "-k", "--output", "--key", "--field-separator"}),
    "split": frozenset({"-b", "-l", "-a", "--bytes", "--lines", "--additional-suffix"}),
    "wget": frozenset({"-O", "-P", "-U", "--header", "--post-data", "--body-data", "--user-agent",
                       "--output-document"}),
    "zip": frozenset({"-x", "-i"}), "cpio": frozenset({"-F", "-O", "-I"}), "man": frozenset(),
    "docker": frozenset({"-e", "--env", "-l", "--label", "--build-arg", "-t", "--tag", "-m",
                         "--message", "-a", "--author", "--name", "--annotation", "--hostname",
                         "-h"}),
}  # fmt: skip
# Those whose word runs, or says where a program's settings are.
RUNNING_OPTIONS: dict[str, frozenset[str]] = {
    "git": frozenset(
        {"-u", "-x", "-O", "-t", "--upload-pack", "--receive-pack", "--exec", "--config",
         "--template", "--extcmd", "--tool", "--open-files-in-pager"}
    ),
    "find": frozenset({"-exec", "-execdir", "-ok", "-okdir"}),
    "tar": frozenset({"-I", "-F", "--use-compress-program", "--to-command", "--checkpoint-action",
                      "--info-script", "--new-volume-script", "--rsh-command", "--rmt-command",
                      "--transform", "--xform"}),
    "sort": frozenset({"--compress-program"}), "split": frozenset({"--filter"}),
    "wget": frozenset({"-e", "--execute", "--use-askpass", "--config"}),
    "zip": frozenset({"-TT", "-T", "--unzip-command"}),
    "cpio": frozenset({"--rsh-command", "-H", "-M"}),
    "man": frozenset({"-P", "-H", "-C", "-p", "--pager", "--html", "--preprocessor"}),
}  # fmt: skip
# What these have in place of the words and options that are suspicious elsewhere.
OWN_SUSPICION: dict[str, frozenset[str]] = {
    "curl": frozenset(), "gh": frozenset({"alias", "extension", "codespace", "cs"}),
    "glab": frozenset({"alias"}), "http": frozenset(), "https": frozenset(),
    "kubectl": frozenset({"plugin", "config"}), "oc": frozenset({"plugin", "config"}),
    "mail": frozenset({"-S", "-~", "-I", "-E", "-e"}), "mailx": frozenset({"-S", "-~", "-I", "-E"}),
    "aws": frozenset({"configure", "emr", "execute-command", "invoke", "run-instances", "run-task",
                      "send-command", "ssm", "start-session", "--user-data"}),
    "rg": frozenset({"--pre"}), "twine": frozenset(), "go": frozenset({"run", "generate", "tool"}),
    "nc": frozenset({"-e", "-c"}), "gzip": frozenset(), "gpg": frozenset(),
}  # fmt: skip
# What git does with text, and no program of anybody's choice.
GIT = frozenset(
    {"add", "archive", "blame", "branch", "cat-file", "checkout", "cherry-pick", "clone", "commit",
     "commit-tree", "describe", "diff", "fetch", "for-each-ref", "init", "log", "ls-files",
     "ls-remote", "merge", "merge-base", "mv", "notes", "pull", "push", "reflog", "remote", "reset",
     "restore", "rev-list", "rev-parse", "revert", "rm", "shortlog", "show", "stash", "status",
     "switch", "symbolic-ref", "tag", "update-ref"}
)  # fmt: skip
GIT_REMOTE = frozenset({"archive", "clone", "fetch", "ls-remote", "pull", "push", "remote"})
# Nothing that is given to these is known to be text.
NEVER_TEXT = frozenset(
    {"alias", "ansible", "ansible-console", "ansible-playbook", "at", "autossh", "batch", "bc",
     "bind", "bun", "compgen", "complete", "compopt", "concurrently", "coproc", "crontab", "cqlsh",
     "dc", "deno", "ed", "elvish", "emacs", "enable", "entr", "ex", "expect", "fc", "fish", "ftp",
     "gdb", "getopts", "gnuplot", "hash", "heroku", "jobs", "let", "lftp", "m4", "make", "gmake",
     "mapfile", "mongo", "mongosh", "nodemon", "nu", "nvim", "osascript", "parallel", "powershell",
     "pwsh", "read", "readarray", "rsync", "salt", "scp", "screen", "script", "sftp", "socat",
     "sqlcmd", "sqlplus", "sshpass", "tclsh", "tmux", "trap", "ts-node", "tsx", "unset", "vi",
     "vim", "wait", "watchexec", "xonsh"}
)  # fmt: skip
# Names of programs that are words as well.
_WORDS = frozenset(
    {"R", "alias", "at", "batch", "bind", "complete", "enable", "expect", "find", "hash", "jobs",
     "let", "read", "salt", "scala", "screen", "script", "source", "trap", "unset", "wait", "watch"}
)  # fmt: skip
# Names that somewhere among the words of a program that is not known tell that it runs others.
CODE = frozenset(
    {*SHELLS, *INTERPRETERS, *CLIENTS, *FAR_WRAPPERS, *NEVER_TEXT, "awk", "busybox", "chroot",
     "env", "sed", "eval", "exec", "gosu", "kubectl", "nsenter", "podman", "ssh", "su", "su-exec",
     "xargs"}
) - _WORDS  # fmt: skip
ARITHMETIC = frozenset({"-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-v", "-R"})
