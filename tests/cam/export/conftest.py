"""Fixtures for the tests of exports."""

import pytest
import torch


@pytest.fixture(autouse=True)
def torch_settings():
    """Restore torch's settings, which an export changes for the whole process, here that of all tests."""
    before = torch.get_num_threads(), torch.backends.cudnn.deterministic
    yield
    torch.set_num_threads(before[0])
    torch.backends.cudnn.deterministic = before[1]
