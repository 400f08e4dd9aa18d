"""Reasoning that its own server can tell from altered or invented reasoning when it comes back."""

from __future__ import annotations

import base64
import hmac
import zlib

from perturb.serving.seen import BadRequest

_KEY = b"the reference server"


def signature(text: str) -> str:
    """What the server signs a text with."""
    return base64.b64encode(hmac.digest(_KEY, text.encode(), "sha256")).decode()


def check(text: str, signed: object, where: str) -> None:
    """Raise `BadRequest` where a text is not the one that was signed."""
    if not isinstance(signed, str) or not hmac.compare_digest(signed.encode(), signature(text).encode()):
        raise BadRequest(f"{where}: the signature does not fit the text; send it back as it was received")


def sealed(text: str) -> str:
    """A text that only the server reads."""
    packed = zlib.compress(text.encode())
    return base64.b64encode(hmac.digest(_KEY, packed, "sha256") + packed).decode()


def opened(seal: object, where: str) -> str:
    """The text again. Raises `BadRequest` for what the server never sealed."""
    try:
        data = base64.b64decode(seal, validate=True) if isinstance(seal, str) else b""
    except ValueError:
        data = b""
    if not hmac.compare_digest(data[:32], hmac.digest(_KEY, data[32:], "sha256")):
        raise BadRequest(f"{where}: it cannot be decrypted; send it back as it was received")
    return zlib.decompress(data[32:]).decode()


def pieces(text: str, size: int = 7) -> list[str]:
    """A text cut as a stream sends it."""
    return [text[place : place + size] for place in range(0, len(text), size)]


def tokens(text: str) -> int:
    """About as many tokens as a text has."""
    return (len(text) + 3) // 4
