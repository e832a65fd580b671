"""How many images a pass may hold, from the memory that is free now."""

from pathlib import Path

import psutil
import torch

from models.network import Network

SHARE = 0.25  # of the free memory: others compute as well
MOST = {"cpu": 8, "mps": 32, "cuda": 256}  # larger batches are not faster
MOST_WITH_GRADIENTS = {"cpu": 1, "mps": 8, "cuda": 64}
FORWARD, BACKWARD = 300, 2000  # bytes for each pixel of the input, at width and depth 1


def images_at_once(network: Network, gradients: bool = False) -> int:
    """Images of the network's resolution that one pass may take: a power of two, at least 1.

    The size of a batch changes the last bits of its results. Powers of two, and a maximum that an ordinary machine's memory
    allows, keep it the same from run to run.

    Args:
        network: its width, depth, resolution and device count.
        gradients: the pass keeps every activation for a backward pass.
    """
    scaling = network.scaling
    each = scaling.input_size**2 * scaling.width_mult * (BACKWARD * scaling.depth_mult if gradients else FORWARD)
    most = (MOST_WITH_GRADIENTS if gradients else MOST)[network.device.type]
    fit = int(min(most, SHARE * free_bytes(network.device) / each))
    return 1 << max(fit, 1).bit_length() - 1


def free_bytes(device: torch.device) -> int:
    """Memory that can be had on the device: on a CPU the machine's or the container's, whichever is less."""
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min(psutil.virtual_memory().available, _of_container())


def _of_container() -> int:
    """What the control group still allows; file pages that it counts can be dropped and are not subtracted."""
    group = Path("/sys/fs/cgroup")
    try:
        limit = int((group / "memory.max").read_text())
        counted = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
        return max(0, limit - int(counted["anon"]))
    except (OSError, KeyError, ValueError):
        return 1 << 60
