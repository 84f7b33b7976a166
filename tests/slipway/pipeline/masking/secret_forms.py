"""What programs make of a secret; each shows it to whoever reads the log."""

from __future__ import annotations

import base64
import html
import json
import quopri
import shlex
import subprocess
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Callable

    Form = Callable[[str], str]


def base64_of(text: str, width: int = 0, before: str = "") -> str:
    """What ``base64 -w WIDTH`` prints."""
    encoded = base64.b64encode((before + text).encode()).decode()
    if not width:
        return encoded
    return "\n".join(encoded[at : at + width] for at in range(0, len(encoded), width))


def _printed(script: str) -> Form:
    """What a shell makes of ``$S``."""

    def run(text: str) -> str:
        done = subprocess.run(
            ["bash", "-c", script],
            env={"S": text, "PATH": "/usr/bin:/bin"},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout + done.stderr

    return run


def _dump(text: str, *, group: int, ascii_column: bool) -> str:
    """What ``xxd`` prints (and ``hexdump -C``, with groups of one byte)."""
    data = text.encode()
    lines = []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        digits = " ".join(row[i : i + group].hex() for i in range(0, len(row), group))
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        width = 31 + 16 // group
        lines.append(f"{at:08x}: " + (f"{digits:{width}}  {shown}" if ascii_column else digits))
    return "\n" + "\n".join(lines) + "\n"


def _twice(before: str, around: str) -> Form:
    """What a cluster shows of a registry's login: base64 of text with base64 in it.

    :param before: what stands before the secret.
    :param around: what stands before the inner base64.
    """
    return lambda s: base64_of(f'{around}"{base64_of(s, before=before)}"}}}}')


def _words_dump(text: str) -> str:
    """What ``xxd -e`` prints."""
    data, lines = text.encode(), []
    for at in range(0, len(data), 16):
        row = data[at : at + 16]
        words = [row[i : i + 4][::-1].hex().rjust(8) for i in range(0, len(row), 4)]
        shown = "".join(chr(byte) if 32 <= byte < 127 else "." for byte in row)
        lines.append(f"{at:08x}: {' '.join(words)}".ljust(47) + f"{shown}")
    return "\n" + "\n".join(lines) + "\n"


def _od(options: str) -> Form:
    """What ``od`` prints; ``hexdump`` prints what ``od -x`` does."""
    return _printed(f'echo; printf %s "$S" | od {options}; echo')


def _ahead(before: str, width: int = 20, after: str = "") -> Form:
    """What is seen of ``base64`` where something is put before each line."""
    return lambda s: (
        "".join(f"\n{before}{line}{after}" for line in base64_of(s * 2, width).split("\n")) + "\n"
    )


def _hex_with(mark: str) -> Form:
    return lambda s: s.encode().hex(mark)


def _with(between: str) -> Form:
    """A secret with something in it that is not seen."""
    return lambda s: s[:3] + between + s[3:6] + between + s[6:]


FORMS: dict[str, Form] = {
    **{
        f"od {options}": _od(options)
        for options in (
            "",
            "-b",
            "-x",
            "-An -b",
            "-An -x",
            "-An -o",
            "-t x4",
            "-t x8",
            "-t o4",
            "-t o8",
            "-t x1c",
            "-t x1 -t x2",
            "-w1 -t x1",
            "-w3 -t x1",
            "-A d -t x1z",
            "--endian=big -t x2",
            "--endian=big -t o2",
        )
    },
    "xxd -g 8": lambda s: _dump(s, group=8, ascii_column=True),
    "xxd -g 16": lambda s: _dump(s, group=16, ascii_column=True),
    "steps back": lambda s: f"{s[:5]}xyz\b\b\b{s[5:]}",
    "a movement back": lambda s: f"{s[:5]}xyz\x1b[3D{s[5:]}",
    "to a column": lambda s: f"\n{s[:3]}xx\x1b[4G{s[3:]}\n",
    "steps back behind it": lambda s: f"{s}\b\b\b",
    **{f"U+{code:04X} between": chr(code).join for code in (0x115F, 0x2800, 0xFFF9, 0x1BCA0)},
    "xxd -e": _words_dump,
    "octal, no zeros": lambda s: "".join(f"\\{b:o}" for b in s.encode()),
    "base64 of html": lambda s: base64_of(html.escape(s)),
    "base64 of hex in capitals": lambda s: base64_of(s.encode().hex().upper()),
    "folded in a composition's log": lambda s: (
        "".join(f"\nweb_1 | {s.replace(' ', '+')[at : at + 9]}" for at in range(0, len(s) + 4, 9))
        + "\n"
    ),
    "perl": lambda s: "".join(f"\\x{{{ord(c):x}}}" for c in s),
    "perl, names": lambda s: "".join(f"\\N{{U+{ord(c):X}}}" for c in s),
    "echo -e": lambda s: "".join(f"\\0{b:03o}" for b in s.encode()),
    "escape()": lambda s: "".join(
        c if c.isalnum() and c.isascii() else f"%u{ord(c):04X}" for c in s
    ),
    "html, many zeros": lambda s: "".join(f"&#x{ord(c):08X};" for c in s),
    "base64 in a build's log": _ahead("#8 0.345 "),
    "base64 in a composition's log": _ahead("web_1  | "),
    "base64 with times": _ahead("2026-11-26T15:00:00.123Z ", 16),
    "base64 with carriage returns": _ahead("web_1 | ", 24, after="\r"),
    "base64 in a mail": _ahead("", 20, after="="),
    "hex in a composition's log": lambda s: (
        "".join(
            f"\nweb_1 | {s.encode()[at : at + 10].hex()}" for at in range(0, len(s.encode()), 10)
        )
        + "\n"
    ),
    "mail": lambda s: quopri.encodestring(s.encode()).decode().replace("=\n", ""),
    "mail, broken": lambda s: (
        quopri.encodestring(s.encode()).decode().replace("=\n", "")[:3]
        + "=\n"
        + quopri.encodestring(s.encode()).decode().replace("=\n", "")[3:]
    ),
    **{f"hex, {mark!r}": _hex_with(mark) for mark in ";.|_"},
    **{
        f"with {between!r} in it": _with(between)
        for between in (
            "\u2063",
            "\u202e",
            "\u2066",
            "\ufe0f",
            "\u200b\u2060",
            "\u2028",
            "\u034f",
            "\x7f",
            "\x85",
            "\x9b31m",
            "\x1b]8;;https://example.com\x1b\\",
            "\x1b]8;;\x07",
            "\x1b[38:2:1:2:3m",
            "\U000e0041",
        )
    },
    "as it is": str,
    "json": json.dumps,
    "json, raw": lambda s: json.dumps(s, ensure_ascii=False),
    "json, upper-case escapes": lambda s: "".join(
        f"\\u{ord(c):04X}" if ord(c) > 126 else json.dumps(c)[1:-1] for c in s
    ),
    "json in json": lambda s: json.dumps(json.dumps({"a": s})),
    "every character escaped": lambda s: "".join(f"\\u{ord(c):04x}" for c in s),
    "repr": repr,
    "ascii": ascii,
    "repr of bytes": lambda s: repr(s.encode()),
    "shell quotes": shlex.quote,
    "shell, quote by quote": lambda s: '"' + s.replace('"', '"\'"\'"') + '"',
    "printf %q": _printed('printf %q "$S"'),
    "set -x": _printed('set -x; : "$S"'),
    "declare -p": _printed("declare -p S"),
    "ansi-c quotes": lambda s: "$'" + "".join(f"\\x{b:02x}" for b in s.encode()) + "'",
    "octal": lambda s: "".join(f"\\{b:03o}" for b in s.encode()),
    "url": quote,
    "url, all": lambda s: quote(s, safe=""),
    "url, lower case": lambda s: "".join(
        c if c.isalnum() and c.isascii() else "".join(f"%{b:02x}" for b in c.encode()) for c in s
    ),
    "url, some": lambda s: quote(s[:3], safe="") + s[3:],
    "form": quote_plus,
    "url in a url": lambda s: quote(quote(s, safe=""), safe=""),
    "url in json": lambda s: json.dumps({"a": quote(s)}),
    "json in a url": lambda s: quote(json.dumps(s), safe=""),
    "html in html": lambda s: html.escape(html.escape(s)),
    "every byte in url": lambda s: "".join(f"%{b:02X}" for b in s.encode()),
    "html": html.escape,
    "html, numbers": lambda s: "".join(f"&#{ord(c)};" for c in s),
    "html, hexadecimal": lambda s: "".join(f"&#x{ord(c):X};" for c in s),
    "hex": lambda s: s.encode().hex(),
    "hex, upper case": lambda s: s.encode().hex().upper(),
    "hex, colons": lambda s: s.encode().hex(":"),
    "hex, blanks": lambda s: s.encode().hex(" ", 2).upper(),
    "hex, as C": lambda s: ", ".join(f"0x{b:02x}" for b in s.encode()),
    "hex, wrapped": lambda s: s.encode().hex("\n", 10),
    "xxd": lambda s: _dump(s, group=2, ascii_column=True),
    "hexdump -C": lambda s: _dump(s, group=1, ascii_column=True),
    "od -t x1": lambda s: _dump(s, group=1, ascii_column=False),
    "base64": base64_of,
    "base64 for urls": lambda s: base64.urlsafe_b64encode(s.encode()).decode(),
    "base64 at 76": lambda s: base64_of(s, 76, before="x" * 50),
    "base64 at 64": lambda s: base64_of(s, 64, before="x" * 40),
    "base64 at 76, next offset": lambda s: base64_of(s, 76, before="x" * 51),
    "base64, indented": lambda s: base64_of(s, 12).replace("\n", "\n    "),
    "base64 in json": lambda s: json.dumps(base64_of(s, 12)),
    "basic": lambda s: base64_of(f"user:{s}"),
    "base64 in a url": lambda s: quote(base64_of(s), safe=""),
    "base64 of base64": lambda s: base64_of(base64_of(s)),
    "base64 of a url": lambda s: base64_of(quote(s, safe="")),
    "base64 of json": lambda s: base64_of(json.dumps(s)),
    "base64 of hex": lambda s: base64_of(s.encode().hex()),
    **{
        f"base64 at {len(before)} in base64 at {len(around)}": _twice(before, around)
        for before in ("", "u", "u:")
        for around in ('{"auth": ', '{"auth" : ', '{ "auth" : ')
    },
    "kubectl get secret": lambda s: base64_of(
        json.dumps({"auths": {"registry.example.com": {"auth": base64_of(f"robot:{s}")}}})
    ),
    "hex of basic": lambda s: base64_of(f"user:{s}").encode().hex(),
    "hex of base64": lambda s: base64_of(s).encode().hex(),
    "colours": lambda s: "\x1b[1;31m".join(s) + "\x1b[0m",
    "grep --color": lambda s: f"{s[:3]}\x1b[01;31m\x1b[K{s[3:6]}\x1b[m\x1b[K{s[6:]}",
    "in a title": lambda s: f"\x1b]0;{s}\x07",
    "overstruck": lambda s: "".join(f"{c}\b{c}" for c in s),
    "redrawn": lambda s: f" 10%\r 20%{s[:5]}\r{s[5:]}",
    "wrapped": lambda s: f"{s[:5]}\n{s[5:]}",
    "wrapped, crlf": lambda s: f"{s[:5]}\r\n{s[5:]}",
    "without a width": "\u200b".join,
}
