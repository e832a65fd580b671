"""How many images fit into memory."""

import psutil
import torch

from models import memory
from models.memory import free_bytes, images_at_once


def test_the_machines_memory_is_between_a_megabyte_and_what_it_has():
    assert 1 << 20 < free_bytes(torch.device("cpu")) <= psutil.virtual_memory().total


def test_the_batch_follows_the_memory_in_powers_of_two(lite, monkeypatch):
    network = lite["baseline"]
    each = network.scaling.input_size**2 * memory.FORWARD
    for free, expected in ((0, 1), (4 * each, 1), (4 * 3 * each, 2), (4 * 4 * each, 4), (1 << 50, 8)):
        monkeypatch.setattr(memory, "free_bytes", lambda device, free=free: free)
        assert images_at_once(network) == expected
    assert images_at_once(network, gradients=True) == 1
    monkeypatch.setattr(memory, "free_bytes", lambda device: 4 * 3 * each)
    assert images_at_once(lite["resolution"]) == 1
    assert images_at_once(lite["width"]) == 1
