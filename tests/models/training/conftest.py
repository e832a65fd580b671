"""The photographs of the tiny training, and the result of an uninterrupted training."""

import pytest
import torch

from tests.models.training.tiny import tiny_run, write_photographs


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_photographs(tmp_path_factory.mktemp("photographs"))


@pytest.fixture(scope="module")
def unbroken(data, tmp_path_factory):
    out = tmp_path_factory.mktemp("unbroken")
    torch.manual_seed(0)
    return tiny_run(data, out).finish(), out
