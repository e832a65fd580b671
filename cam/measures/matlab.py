"""Matrices of real numbers in MATLAB's files of level 5, which are what MATLAB has written since 1996 unless told otherwise.

SciPy reads more of them, but in C code that trusts the types and sizes in a file: one changed byte may end the process.
"""

import zlib
from collections.abc import Collection, Iterator

import numpy as np

HEADER = 128  # bytes, the last two of which tell the order of bytes
MATRIX, COMPRESSED = 14, 15
NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
REAL = range(6, 16)  # classes of matrices that hold numbers, double to uint64; others hold text, cells or structures
MOST_UNPACKED = 2**22  # bytes of what is compressed


def read_matrices(content: bytes, names: Collection[str]) -> dict[str, np.ndarray]:
    """The matrices of some names, float64; whatever else the file holds is left out.

    Raises:
        ValueError: the content is no such file, is damaged, or one of these names is no matrix of real numbers.

    References:
        MAT-File Format, The MathWorks: level 5
    """
    order = {b"IM": "<", b"MI": ">"}.get(content[HEADER - 2 : HEADER])
    if order is None:
        raise ValueError("it is not a MATLAB file of level 5")
    found = {}
    for kind, body in _elements(content[HEADER:], order):
        for inner, matrix in _elements(_unpacked(body), order) if kind == COMPRESSED else [(kind, body)]:
            parts = (
                [part for part, _ in zip(_elements(matrix, order), range(5), strict=False)] if inner == MATRIX else []
            )
            if len(parts) > 2 and (name := parts[2][1].decode("latin-1")) in names:
                found[name] = _numbers(parts, order)
    return found


def _elements(content: bytes, order: str) -> Iterator[tuple[int, bytes]]:
    """Type and bytes of one element after the other; short ones lie within their tag."""
    place = 0
    while place < len(content):
        first, length = np.frombuffer(content[place : place + 8].ljust(8, b"\0"), f"{order}u4").tolist()
        kind, start = first, place + 8
        if first >> 16:
            kind, length, start = first & 0xFFFF, first >> 16, place + 4
        if start + length > len(content):
            raise ValueError("it ends in the middle of a matrix")
        yield kind, content[start : start + length]
        place = start + length if kind == COMPRESSED else -(-(start + length) // 8) * 8


def _unpacked(content: bytes) -> bytes:
    opened = zlib.decompressobj()
    try:
        found = opened.decompress(content, MOST_UNPACKED)
    except zlib.error as error:
        raise ValueError("what it compresses is damaged") from error
    if not opened.eof:
        raise ValueError(f"what it compresses is damaged, or larger than {MOST_UNPACKED >> 20} MiB")
    return found


def _numbers(parts: list[tuple[int, bytes]], order: str) -> np.ndarray:
    """A matrix from its flags, shape, name and real part."""
    if len(parts) != 4 or len(parts[0][1]) != 8 or parts[3][0] not in NUMBERS:
        raise ValueError("a matrix does not hold real numbers")
    flags = int(np.frombuffer(parts[0][1], f"{order}u4")[0])
    if flags & 0xFF not in REAL or flags & 0x800:  # 0x800: complex
        raise ValueError("a matrix does not hold real numbers")
    kind = np.dtype(f"{order}{NUMBERS[parts[3][0]]}")
    if len(parts[1][1]) != 8 or len(parts[3][1]) % kind.itemsize:
        raise ValueError("a matrix does not have rows and columns")
    rows, columns = np.frombuffer(parts[1][1], f"{order}i4").tolist()
    values = np.frombuffer(parts[3][1], kind).astype(np.float64)
    if min(rows, columns) < 0 or rows * columns != len(values):
        raise ValueError(f"a matrix of {rows} x {columns} has {len(values)} numbers")
    return values.reshape(columns, rows).T
