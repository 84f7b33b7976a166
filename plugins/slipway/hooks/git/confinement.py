"""What git is kept to: its configuration, and what it sees of the worker's own."""

from __future__ import annotations

# git-config(1): what is larger passes through git a piece at a time, since a commit of gigabytes of
# zeros is quickly made.
LARGE_FILES = "core.bigFileThreshold=16m"
# Bytes of memory of each process of git's. A pack of some KiB may hold deltas that come to
# gigabytes, and git has each object of those whole.
MOST_MEMORY = 4 << 30
# git-fsck(1): what programs of earlier years, or converters, have left in many histories and git
# itself reads, so that it is said and taken. Everything else is refused as git's check has it:
# tricks with .gitmodules and .git, paths that are none, objects that are not there. Two entries of
# one name are looked for in what is built (:mod:`slipway.hooks.git.tree`).
_TOLERATED = (
    "badDate",
    "badDateOverflow",
    "badEmail",
    "badName",
    "badTimezone",
    "missingAuthor",
    "missingCommitter",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "multipleAuthors",
    "nulInCommit",
    "zeroPaddedDate",
    "badFilemode",
    "duplicateEntries",
    "treeNotSorted",
    "zeroPaddedFilemode",
    "gitattributesLineLength",
)
# git-config(1): protocol.allow. `file` and `ext` would let a URL name the worker's own files
# and commands. emptyAuth: no answer with the worker's Kerberos ticket.
SAFE = (
    "-c",
    "protocol.allow=never",
    "-c",
    "protocol.https.allow=always",
    "-c",
    "protocol.http.allow=always",
    "-c",
    "protocol.ssh.allow=always",
    "-c",
    "protocol.git.allow=always",
    "-c",
    "core.hooksPath=/dev/null",
    "-c",
    "core.fsmonitor=false",
    "-c",
    "gc.auto=0",
    "-c",
    LARGE_FILES,
    # So that packs that are large, or machines with many cores, fit into MOST_MEMORY.
    "-c",
    "core.packedGitWindowSize=64m",
    "-c",
    "core.packedGitLimit=1g",
    "-c",
    "pack.threads=4",
    "-c",
    "fetch.fsckObjects=true",
    *(word for name in _TOLERATED for word in ("-c", f"fetch.fsck.{name}=warn")),
    "-c",
    "http.emptyAuth=false",
    "-c",
    "credential.helper=",
)
# The way to servers, and which of them to believe, are the machine's to say; who we are is not.
INHERITED = (
    "PATH",
    "LANG",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "http_proxy",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
)
# Options of every ssh. ssh(1) takes its home from the user database, not from HOME, so each of
# the things that it would find there is named.
SSH = (
    "ssh",
    "-F",
    "/dev/null",
    "-o",
    "BatchMode=yes",
    "-o",
    "IdentityAgent=none",
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "CertificateFile=none",
    "-o",
    "PKCS11Provider=none",
    "-o",
    "GSSAPIAuthentication=no",
    "-o",
    "HostbasedAuthentication=no",
    "-o",
    "UpdateHostKeys=no",
    "-o",
    "ControlPath=none",
)
ALONE = {
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_ATTR_NOSYSTEM": "1",
    "GIT_NO_REPLACE_OBJECTS": "1",
    "GIT_TERMINAL_PROMPT": "0",
    "GIT_ASKPASS": "/bin/false",
    "SSH_ASKPASS_REQUIRE": "never",
    "GIT_SSH_VARIANT": "ssh",
    "GIT_SSH_COMMAND": " ".join((*SSH, "-o", "IdentityFile=none")),
    "LC_ALL": "C",
}
