"""Download a picture from a web address that the user gave; no page and no link of the app leads here."""

import io
import time
import urllib.error
import urllib.request
from urllib.parse import unquote, urlsplit

from models.images import MAX_FILE_BYTES, ImageError

SCHEMES = ("http://", "https://")
PATIENCE = 30.0  # seconds without a byte; a whole picture may take four times as long
AGENT = "compound-cam"  # some hosts refuse Python's default user agent
PIECE = 2**20


def is_address(name: object) -> bool:
    """Whether ``name`` is a web address."""
    return isinstance(name, str) and name.lower().startswith(SCHEMES)


def picture_at(address: str, most: int = MAX_FILE_BYTES) -> io.BytesIO:
    """Download a picture into a binary file in memory, whose ``name`` is the last part of the address.

    Args:
        address: begins with http:// or https://.
        most: largest allowed size in bytes.

    Raises:
        ImageError: there is no connection, the host has no such file, or the picture is too large or takes too long.
    """
    shown = address if address.isprintable() and len(address) < 200 else ascii(address)[:200]
    try:
        request = urllib.request.Request(address, headers={"User-Agent": AGENT})
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            if not answer.geturl().lower().startswith(SCHEMES):
                raise ImageError(f"{shown} leads away from the web; give the picture's own address")
            content = _read(answer, most, shown)
    except urllib.error.HTTPError as error:
        raise ImageError(f"{shown} cannot be downloaded ({error.code} {error.reason}); check the address") from error
    except (OSError, ValueError) as error:
        if isinstance(error, ImageError):
            raise
        reason = getattr(error, "reason", error)
        raise ImageError(f"{shown} cannot be downloaded ({reason}); save it yourself and give the file") from error
    picture = io.BytesIO(content)
    picture.name = unquote(urlsplit(address).path).rsplit("/", 1)[-1] or urlsplit(address).hostname or "image"
    return picture


def _read(answer: io.BufferedIOBase, most: int, shown: str) -> bytes:
    end, found = time.monotonic() + 4 * PATIENCE, bytearray()
    while piece := answer.read(PIECE):
        found += piece
        if len(found) > most:
            raise ImageError(f"{shown} is larger than {most // 2**20} MiB; give a smaller picture")
        if time.monotonic() > end:
            raise ImageError(f"{shown} takes longer than {4 * PATIENCE:.0f} seconds; download it and give the file")
    return bytes(found)
