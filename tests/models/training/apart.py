"""The tiny training in processes of its own, which can be killed: alone, or several as torchrun starts them.

They are copies of one process that has imported everything already, which saves seconds for each.
"""

import multiprocessing
import os
import signal
import socket
import time
from pathlib import Path

import torch

from models.training.run import Limits
from tests.models.training.tiny import tiny_run

PROCESSES = multiprocessing.get_context("forkserver" if os.name == "posix" else "spawn")
if os.name == "posix":
    PROCESSES.set_forkserver_preload([__name__])


def train(data: Path, out: Path, sleep: float, ranks: dict[str, str]) -> None:
    """Train to the end, ``sleep`` seconds later at every step, and save the state after each; ``ranks`` as torchrun sets them."""
    torch.set_num_threads(1)
    os.environ.update(ranks)
    if ranks:
        torch.distributed.init_process_group("gloo")
    run = tiny_run(data, out)
    learn = run._learn

    def slowly(images, labels):
        time.sleep(sleep)
        return learn(images, labels)

    run._learn = slowly
    weights = run.finish(Limits(save_minutes=0))
    if run.rank == 0:
        torch.save(weights, out / "weights.pt")
    if ranks:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def launch(data: Path, out: Path, sleep: float = 0.0, processes: int = 1) -> list:
    """Start the processes of one training."""
    ranks = [{}]
    if processes > 1:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = str(free.getsockname()[1])
        group = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": str(processes)}
        ranks = [group | {"RANK": str(rank)} for rank in range(processes)]
    started = [PROCESSES.Process(target=train, args=(data, out, sleep, one), daemon=True) for one in ranks]
    for process in started:
        process.start()
    return started


def codes(group: list) -> list[int]:
    """Wait for all processes; their exit codes."""
    for process in group:
        process.join()
    return [process.exitcode for process in group]


def kill_after_saves(group: list, out: Path, saves: int) -> None:
    """kill -9 every process once the state has been replaced so many times."""
    path, seen = out / "tiny.state.pt", set()
    deadline = time.monotonic() + 60
    while len(seen) < saves and time.monotonic() < deadline and group[0].exitcode is None:
        if path.is_file():
            seen.add(path.stat().st_mtime_ns)
        time.sleep(0.005)
    for process in group:
        process.kill()
    assert codes(group) == [-signal.SIGKILL] * len(group)
    assert len(seen) == saves
