"""What ONNX Runtime gains over PyTorch on the CPU, first use and memory included: python benchmarks/engine.py [--turns 25]

Warm: forward passes, with one image and with eight, and whole comparisons of a photograph's file, by both engines in turns
in one process. Cold: time and memory of processes, in turns, that load all networks and compare one photograph; importing
this project is not counted, but importing ONNX Runtime is.
"""

import argparse
import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from statistics import median

import psutil
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam import Comparison, compare
from cam.commands.peers import by_pytorch
from models import Network, load_study, open_image
from models.engine import ENGINES, ONNX_RUNTIME, PYTORCH, VARIABLE
from models.studies import DEFAULT_STUDY

PHOTOGRAPHS = sorted((Path(__file__).parents[1] / "sample_images").glob("*.jpg"))
BATCHES = (1, 8)


def main() -> None:
    """Measure and print tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default=DEFAULT_STUDY)
    parser.add_argument("--turns", type=int, default=25, help="number of warm turns (default: 25)")
    parser.add_argument("--rounds", type=int, default=3, help="number of cold processes (default: 3)")
    parser.add_argument("--cold", choices=ENGINES, help=argparse.SUPPRESS)  # cold processes are started with this
    args = parser.parse_args()
    if args.cold:
        print(json.dumps(first_use(args.study)))
        return
    cold = [{engine: cold_times(args.study, engine) for engine in ENGINES} for _ in range(args.rounds)]
    for engine in ENGINES:
        print_medians(f"cold, {engine}", [turn[engine] for turn in cold])
    os.environ[VARIABLE] = ONNX_RUNTIME
    study = load_study(args.study)
    networks = {key: study.load(key, "cpu") for key in study.variants}
    others = {key: by_pytorch(network) for key, network in networks.items()}
    print("\n| warm, milliseconds: median (least) | PyTorch | ONNX Runtime | times as fast |\n|---|---:|---:|---:|")
    for name, run in runs_of(networks):
        times = in_turns({ONNX_RUNTIME: partial(run, networks), PYTORCH: partial(run, others)}, args.turns)
        ratio = median(one / other for one, other in zip(times[PYTORCH], times[ONNX_RUNTIME], strict=True))
        print(
            f"| {name} | {median(times[PYTORCH]):.1f} | {median(times[ONNX_RUNTIME]):.1f} | {ratio:.2f} |", flush=True
        )


def runs_of(networks: dict[str, Network]) -> list[tuple[str, Callable[[dict[str, Network]], object]]]:
    """Names and functions to time; the functions take the networks of one engine."""
    found: list[tuple[str, Callable]] = []
    for (key, network), batch in itertools.product(networks.items(), BATCHES):
        pictures = itertools.islice(itertools.cycle(PHOTOGRAPHS), batch)
        images = torch.stack([network.transform(open_image(path)) for path in pictures])
        found.append((f"forward, {key}, {batch}", lambda them, key=key, images=images: them[key].features(images)))
    chosen = [(key, [key]) for key in networks] + [("all", [*networks])]
    return found + [(f"compare, {name}", partial(compared, keys)) for name, keys in chosen]


def compared(keys: Sequence[str], networks: dict[str, Network]) -> Comparison:
    """Compare some of the networks on one photograph's file."""
    return compare({key: networks[key] for key in keys}, PHOTOGRAPHS[0])


def in_turns(contenders: dict[str, Callable[[], object]], turns: int) -> dict[str, list[float]]:
    """Milliseconds of each contender in each turn, after a first turn that is not counted."""
    times: dict[str, list[float]] = {name: [] for name in contenders}
    for turn in range(turns + 1):
        for name, run in list(contenders.items())[:: 1 if turn % 2 else -1]:
            start = time.perf_counter()
            run()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: found[1:] for name, found in times.items()}


def cold_times(study: str, engine: str) -> dict[str, float]:
    """The times and memory that a separate process measures."""
    command = [sys.executable, __file__, "--study", study, "--cold", engine]
    return json.loads(subprocess.check_output(command, env=os.environ | {VARIABLE: engine}, text=True))


def first_use(study_name: str) -> dict[str, float]:
    """Milliseconds of loading, of the first and of the second comparison, and the memory of the process in MiB."""
    study, marks = load_study(study_name), [time.perf_counter()]
    networks = {key: study.load(key, "cpu") for key in study.variants}
    marks.append(time.perf_counter())
    for _ in range(2):
        compare(networks, PHOTOGRAPHS[0])
        marks.append(time.perf_counter())
    names = ("loading", "first comparison", "second comparison")
    found = {name: 1e3 * (end - start) for name, (start, end) in zip(names, itertools.pairwise(marks), strict=True)}
    return found | {"memory, MiB": psutil.Process().memory_info().rss / 2**20}


def print_medians(title: str, rounds: list[dict[str, float]]) -> None:
    """Print the medians over the rounds on one line."""
    middle = {name: median(one[name] for one in rounds) for name in rounds[0]}
    print(f"{title}: " + ", ".join(f"{name} {value:.0f}" for name, value in middle.items()), flush=True)


if __name__ == "__main__":
    main()
