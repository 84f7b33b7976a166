"""An XML file's bytes -> text that a parser takes, whatever encoding it has or says it has.

A parser stops at an encoding that it does not know, and some stop the whole run. A declaration may
lie, so what the first bytes show comes before it; what fits nowhere is replaced, not refused.
"""

from __future__ import annotations

import codecs
import re

# The four come first, since two of them begin with what is the mark of UTF-16.
_MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (b"<\0\0\0", "utf-32-le"),
    (b"\0\0\0<", "utf-32-be"),
    (b"<\0", "utf-16-le"),
    (b"\0<", "utf-16-be"),
)
_DECLARATION = re.compile(r"\s*<\?xml\b[^>]{0,500}\?>")
_ENCODING = re.compile(rb"""\s*<\?xml\b[^>]{0,400}?\bencoding\s*=\s*["']([\w.:-]{1,40})["']""")
# Codecs that are no character sets, or whose work grows faster than the text.
_NO_CHARACTERS = frozenset(
    {"idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined"}
)
# What no XML document may hold.
_IMPOSSIBLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def xml_text(data: bytes) -> str:
    """Decode a document, and take out its declaration and what a parser would stop at.

    :param data: the whole file.
    """
    text = _decoded(data)
    # Said and done: a parser would believe it again, and knows no XML but 1.0.
    if declaration := _DECLARATION.match(text):
        text = "\n" * declaration[0].count("\n") + text[declaration.end() :]
    return _IMPOSSIBLE.sub("\N{REPLACEMENT CHARACTER}", text)


def _decoded(data: bytes) -> str:
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return data.decode(encoding, errors="replace")
    declared = _ENCODING.match(data)
    if declared and (encoding := _known(declared[1].decode())):
        try:
            return data.decode(encoding)
        except (UnicodeError, ValueError):
            pass  # it lies
    return data.decode(errors="replace")


def _known(name: str) -> str:
    """Return the codec of a name; empty where there is none that reads what ASCII could say."""
    try:
        found = codecs.lookup(name)
        reads_ascii = b"<?xml".decode(found.name) == "<?xml"
    except (LookupError, UnicodeError, ValueError):
        return ""
    usable = reads_ascii and found.name.replace("-", "_") not in _NO_CHARACTERS
    return found.name if usable else ""
