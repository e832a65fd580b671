"""QR codes: addresses as pictures that a phone reads from a screen."""

from functools import cache
from urllib.parse import urlsplit

import segno
import streamlit as st

LOOPBACK = ("localhost", "127.0.0.1", "::1")


@cache
def qr_code(address: str) -> str:
    """A QR code as an SVG data URL: black on white in every theme, with the quiet zone that readers need."""
    return segno.make(address, error="m", micro=False).svg_data_uri(border=2, light="#fff", dark="#000", unit="")


def server_address() -> str:
    """The address at which others reach this server, without a slash at the end.

    It is the address in the browser; where the browser runs on the server itself, that of the option
    ``browser.serverAddress``.
    """
    here = urlsplit(st.context.url or "http://localhost:8501")
    named = st.get_option("browser.serverAddress")
    host = named if here.hostname in LOOPBACK and named not in (None, *LOOPBACK) else here.hostname
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    port = f":{here.port}" if here.port else ""
    return f"{here.scheme}://{host}{port}" + (f"/{base}" if base else "")


def only_here(address: str) -> bool:
    """Whether an address works only on the server's own machine."""
    return urlsplit(address).hostname in LOOPBACK
