"""How many images a pass may hold, from the memory that is free now."""

from pathlib import Path

import psutil
import torch

from models.network import Network

SHARE = 0.25  # of the free memory, because other processes need some too
MOST = {"cpu": 8, "mps": 32, "cuda": 256}  # larger batches are not faster
MOST_WITH_GRADIENTS = {"cpu": 1, "mps": 8, "cuda": 64}
FORWARD, BACKWARD = 300, 2000  # bytes for each pixel of the input, at width and depth 1


def images_at_once(network: Network, gradients: bool = False) -> int:
    """How many images one pass of the network may hold: a power of two, at least 1.

    The size of a batch changes the last bits of its results. Powers of two, and a maximum that an ordinary machine's memory
    allows, keep it the same from run to run.

    Args:
        network: its width, depth, resolution and device matter.
        gradients: whether the pass keeps every activation for a backward pass.
    """
    scaling = network.scaling
    each = scaling.input_size**2 * scaling.width_mult * (BACKWARD * scaling.depth_mult if gradients else FORWARD)
    most = (MOST_WITH_GRADIENTS if gradients else MOST)[network.device.type]
    fit = int(min(most, SHARE * free_bytes(network.device) / each))
    return 1 << max(fit, 1).bit_length() - 1


def free_bytes(device: torch.device) -> int:
    """Free memory of the device in bytes; on a CPU that of the machine or of the container, whichever is less."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min(psutil.virtual_memory().available, _of_container())


def _of_container() -> int:
    """Bytes that the control group still allows; cached file pages can be dropped, and are not subtracted."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        counted = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - int(counted["anon"]))
    except (OSError, KeyError, ValueError):
        return 1 << 60
