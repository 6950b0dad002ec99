"""Bytes of a feed as text, whatever they claim to be encoded in.

The order is that of XML 1.0, appendix F: byte order mark, then the shape of the first bytes, then the declaration.
Without any of these it is UTF-8. Encodings are not guessed by statistics: the same bytes must read the same on every
machine, and what is wrong in practice is nearly always Windows-1252 that says it is something else.
"""

import codecs
import re

_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (b"\0<\0", "utf-16-be"),
    (b"<\0", "utf-16-le"),
    (b"\0{\0", "utf-16-be"),
    (b"{\0", "utf-16-le"),
)
_DECLARED = re.compile(rb"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._\-]{1,40})["']""")
# What says Latin-1 or ASCII is Windows-1252 in practice (WHATWG Encoding, "names and labels").
_WINDOWS_1252 = {"iso8859-1", "ascii"}


def _as_windows_1252(error: UnicodeError) -> tuple[str, int]:
    """Decode the bytes that UTF-8 cannot as Windows-1252: feeds glued together from both are common."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    wrong = error.object[error.start : error.end]
    if error.end == len(error.object) and error.reason == "unexpected end of data":
        return "", error.end  # cut in the middle of a character
    return wrong.decode("windows-1252", "replace"), error.end


codecs.register_error("topicwire.windows-1252", _as_windows_1252)


def decode(data: bytes) -> tuple[str, str | None]:
    """The text, and a warning where the bytes were not what they claim to be."""
    encoding = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if encoding is None:
        declared = _DECLARED.match(data)
        encoding = declared.group(1).decode("ascii").lower() if declared else "utf-8"
    try:
        info = codecs.lookup(encoding)
        if info._is_text_encoding is False:  # "hex", "rot13", "zlib": codecs, but no encodings
            raise LookupError
    except LookupError:
        return data.decode("utf-8", "topicwire.windows-1252"), f"the declared encoding {encoding!r} is unknown, read as UTF-8"
    name = "windows-1252" if info.name in _WINDOWS_1252 else info.name
    if name.startswith("utf-16") and not data.startswith((codecs.BOM_UTF16_BE, codecs.BOM_UTF16_LE, b"\0", b"<\0", b"{\0")):
        name = "utf-8"  # declares UTF-16 in plain bytes
    if name == "utf-8-sig":
        data, name = data.removeprefix(codecs.BOM_UTF8), "utf-8"
    try:
        return data.decode(name), None
    except UnicodeError:
        if name != "utf-8":
            try:
                return data.decode(name, "replace"), f"some bytes are not {name}, left out"
            except UnicodeError:  # codecs for names in the DNS, which know no "replace"
                pass
        return data.decode("utf-8", "topicwire.windows-1252"), f"some bytes are not {name.upper()}, read as Windows-1252"
