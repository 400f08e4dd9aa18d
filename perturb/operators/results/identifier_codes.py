"""Identifiers in another form, by a keyed bijection that needs no table: a Feistel network over the bytes of an identifier, of
any length, so that one which is made later has its code too.

A code is a prefix, the permuted bytes in base 32 (Crockford's digits, in small letters) and four digits that check them: what
an agent makes up, or misspells, is no code but for one case in a million.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

from perturb.types import JSON

DIGITS = "0123456789abcdefghjkmnpqrstvwxyz"
_ROUNDS = 6
_CHECKED = 4


class Codes:
    """The codes of one kind. `encode` is total on texts and whole numbers, and no two of those have one code."""

    def __init__(self, prefix: str, key: int) -> None:
        self.prefix = prefix
        self._key = key.to_bytes(8, "big")
        self.pattern = rf"{re.escape(prefix)}_[{DIGITS}]{{{_CHECKED + 2},}}"

    def encode(self, value: str | int) -> str:
        plain = str(value).encode("utf-8", "surrogatepass")
        return f"{self.prefix}_{_digits(self._permuted(plain, range(_ROUNDS)))}{self._check(plain, type(value))}"

    def decode(self, code: str) -> str | int | None:
        """The identifier that a code stands for, `None` for what is no code."""
        lead, _, digits = code.rpartition("_")
        if lead != self.prefix or len(digits) <= _CHECKED:
            return None
        permuted = _bytes(digits[:-_CHECKED])
        if permuted is None:
            return None
        plain = self._permuted(permuted, reversed(range(_ROUNDS)))
        try:
            text = plain.decode("utf-8", "surrogatepass")
            value = next((kind(text) for kind in (str, int) if self._check(plain, kind) == digits[-_CHECKED:]), None)
        except ValueError:
            return None
        return value if value is None or str(value) == text else None

    def _permuted(self, data: bytes, rounds: Iterable[int]) -> bytes:
        """A Feistel network over two halves of as many hexadecimal digits as there are bytes; with its rounds in the other
        order it undoes itself."""
        width = 4 * len(data)
        whole = int.from_bytes(data, "big")
        left, right = whole >> width, whole & ((1 << width) - 1)
        for number in rounds:
            left, right = right, left ^ self._mixed(b"round %d" % number, right, len(data))
        return ((right << width) | left).to_bytes(len(data), "big")

    def _mixed(self, use: bytes, half: int, size: int) -> int:
        """`size` hexadecimal digits that depend on the key and on half of an identifier."""
        text = b"%s %d %d" % (use, size, half)
        found = hashlib.shake_128(self._key + text).digest(size)
        return int.from_bytes(found, "big") >> (4 * size)

    def _check(self, plain: bytes, kind: type) -> str:
        found = hashlib.blake2b(plain, key=self._key, person=kind.__name__.encode(), digest_size=4).digest()
        number = int.from_bytes(found, "big")
        return "".join(DIGITS[(number >> (5 * place)) & 31] for place in range(_CHECKED))


def _digits(data: bytes) -> str:
    """Bytes in base 32, as few digits as hold them."""
    number = int.from_bytes(data, "big")
    return "".join(DIGITS[(number >> (5 * place)) & 31] for place in reversed(range(-(-8 * len(data) // 5))))


def _bytes(digits: str) -> bytes | None:
    """The bytes that these digits are written for; `None` where none are."""
    size = 5 * len(digits) // 8
    number = 0
    for digit in digits:
        place = DIGITS.find(digit)
        if place < 0:
            return None
        number = number * 32 + place
    return number.to_bytes(size, "big") if -(-8 * size // 5) == len(digits) and number < 1 << (8 * size) else None


def is_scalar_id(value: JSON) -> bool:
    """Whether a value can be an identifier at all."""
    return isinstance(value, str | int) and not isinstance(value, bool)
