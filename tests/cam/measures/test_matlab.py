"""MATLAB's files are read as SciPy reads them, and what is damaged or no matrix of numbers is a sentence."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import loadmat, savemat

from cam.measures.matlab import MOST_UNPACKED, read_matrices
from tests.attacks import attacked

TYPES = ["f8", "f4", "i8", "u8", "i4", "u4", "i2", "u2", "i1", "u1"]


def written(content, packed=False):
    file = io.BytesIO()
    savemat(file, content, do_compression=packed)
    return file.getvalue()


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("kind", TYPES)
def test_it_reads_what_scipy_reads(kind, packed):
    random = np.random.default_rng(0)
    shapes = {"a": (2, 7), "b_longer_name": (1, 4), "c": (3, 1), "d": (0, 0), "e": (1, 1)}
    made = {name: (random.random(shape) * 100).astype(kind) for name, shape in shapes.items()}
    content = written(made | {"text": "abc", "cells": np.array([["x", 1.5]], dtype=object), "s": {"t": 1}}, packed)
    found, theirs = read_matrices(content, made), loadmat(io.BytesIO(content))
    assert found.keys() == made.keys()
    for name in made:
        np.testing.assert_array_equal(found[name], theirs[name])


def test_the_other_order_of_bytes():
    """Two columns, written by hand as a machine with the most significant byte first does."""
    big = lambda *numbers: b"".join(one.to_bytes(4, "big") for one in numbers)  # noqa: E731
    parts = big(6, 8, 6, 0) + big(5, 8, 1, 2) + big(1 << 16 | 1) + b"a\0\0\0" + big(4 << 16 | 3, 0x0102FFFE)
    content = b"MATLAB 5.0".ljust(124) + b"\1\0MI" + big(14, len(parts)) + parts
    np.testing.assert_array_equal(loadmat(io.BytesIO(content))["a"], [[258, -2]])
    np.testing.assert_array_equal(read_matrices(content, ["a"])["a"], [[258, -2]])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not a MATLAB file"),
        (b"no MATLAB" * 30, "not a MATLAB file"),
        (written({"a": np.eye(3)})[:-9], "ends in the middle"),
        (written({"a": np.eye(3)}, True)[:-9], "ends in the middle"),
        (written({"a": "text"}), "real numbers"),
        (written({"a": np.eye(2) * 1j}), "real numbers"),
        (written({"a": {"b": 1}}), "real numbers"),
        (written({"a": np.zeros((2, 2, 2))}), "rows and columns"),
        (written({"a": np.zeros((1, MOST_UNPACKED // 8))}, True), "larger than 4 MiB"),
    ],
)
def test_what_is_damaged_or_no_matrix_is_refused(content, words):
    with pytest.raises(ValueError, match=words):
        read_matrices(content, ["a"])


WHOLE = [written({"a": np.arange(12.0).reshape(3, 4), "b": np.eye(2)}, packed) for packed in (False, True)]


@attacked()
@given(
    st.sampled_from(WHOLE),
    st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), max_size=6),
    st.integers(0, 99),
)
def test_damaged_files_are_matrices_or_one_sentence(whole, changes, cut):
    content = bytearray(whole)
    for place, value in changes:
        content[place % len(content)] = value
    said = "matrices"
    try:
        assert all(
            one.dtype == np.float64
            for one in read_matrices(bytes(content[: len(content) * (100 - cut) // 100]), "ab").values()
        )
    except ValueError as error:
        said = str(error)
    assert said
    assert "\n" not in said
