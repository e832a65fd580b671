"""How well an export uses the cores: its time compared with forward passes alone and rendering alone, in turns.

    python benchmarks/export.py [--study caltech101] [--images 48] [--rounds 3]

Each round measures the three one after the other on the same photographs, so that other work on the machine affects all of
them. The claims are two ratios: the time of the slower of the two to that of the export, and their CPU seconds to its own.
"""

import argparse
import contextlib
import itertools
import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from cam.export import pipeline
from cam.export.items import Item, file_name
from cam.export.keys import Settings, setting_key
from cam.export.ledger import Ledger
from cam.export.looking import look, sides_of
from cam.export.reading import Photograph, Reader
from cam.export.rendering import Rendering, render, rendering_processes
from models import load_study, open_image
from models.studies import DEFAULT_STUDY
from models.views import Views

SAMPLES = Path(__file__).parents[1] / "sample_images"
FEW = 8  # photographs whose figures are drawn again and again


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--study", default=DEFAULT_STUDY)
    parser.add_argument("--images", type=int, default=48)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workers", type=int, default=max(1, (os.cpu_count() or 1) // 2))
    args = parser.parse_args()
    torch.set_num_threads(1)
    study = load_study(args.study)
    networks = {key: study.load(key, "cpu") for key in study.variants}
    paths = list(itertools.islice(itertools.cycle(sorted(SAMPLES.glob("*.jpg"))), args.images))
    items = [
        Item(path, f"{place}/{path.name}", file_name(f"{place}/{path.name}"), None) for place, path in enumerate(paths)
    ]
    settings, cores = Settings(), os.cpu_count() or 1
    found: dict[str, list[tuple[float, float]]] = {"forward": [], "render": [], "export": []}
    for _ in range(args.rounds):
        found["forward"].append(forward_alone(networks, items, cores))
        with tempfile.TemporaryDirectory() as folder:
            found["render"].append(rendering_alone(networks, items, settings, Path(folder), args.workers))
        with tempfile.TemporaryDirectory() as folder:
            found["export"].append(whole_export(networks, items, settings, Path(folder), args.workers))
        for name, rounds in found.items():
            print(f"{name}: {rounds[-1][0]:.3f} s and {rounds[-1][1]:.3f} CPU s an image", flush=True)
    middle = {
        name: [statistics.median(column) for column in zip(*rounds, strict=True)] for name, rounds in found.items()
    }
    slower = max("forward", "render", key=lambda name: middle[name][0])
    print(f"the export runs at {middle[slower][0] / middle['export'][0]:.0%} of {slower} alone", end="")
    print(
        f"; {(middle['forward'][1] + middle['render'][1]) / middle['export'][1]:.0%} of its CPU seconds are forward and render"
    )


def forward_alone(networks, items, threads) -> tuple[float, float]:
    """All networks on ready tensors, one image at a time on each core, as in an export."""
    pictures = [open_image(item.path) for item in items]
    inputs = [{key: network.transform(one)[None] for key, network in networks.items()} for one in pictures]

    def run(batch) -> None:
        for key, network in networks.items():
            network.features(batch[key])

    with ThreadPoolExecutor(threads, initializer=torch.set_num_threads, initargs=(1,)) as pool:
        list(pool.map(run, inputs[:threads]))
        return timed(lambda: list(pool.map(run, inputs)), len(items))


def rendering_alone(networks, items, settings, out, workers) -> tuple[float, float]:
    """Figures, thumbnails and measurements of comparisons that are ready."""
    sides, view = sides_of(networks), settings.question.view
    photographs = [Photograph(item, "", Views.of(item.path, view, sides), None, None, "") for item in items[:FEW]]
    ready = look(photographs, networks, settings)
    jobs = [
        Rendering(out, item.name, one, None, settings) for item, one in zip(items, itertools.cycle(ready), strict=False)
    ]
    with rendering_processes(workers) as pool:
        list(pool.map(render, jobs[: 2 * workers]))
        before = cpu_of_children()
        wall, own = timed(lambda: list(pool.map(render, jobs)), len(items))
        return wall, own + (cpu_of_children() - before) / len(items)


def whole_export(networks, items, settings, out, workers) -> tuple[float, float]:
    """The pipeline from its first image to its last record; its processes are started before."""
    setting = setting_key(settings, networks)
    with rendering_processes(workers) as pool, Ledger(out, setting) as ledger:
        list(pool.map(int, range(8 * workers)))
        pipeline.rendering_processes = lambda workers: contextlib.nullcontext(pool)
        categories = next(iter(networks.values())).categories
        reader = Reader(ledger, settings, setting, categories, sides=sides_of(networks))
        export = pipeline.Pipeline(networks, reader, 1, os.cpu_count() or 1, workers, lambda progress: None)
        before = cpu_of_children()
        wall, own = timed(lambda: export.run([[item] for item in items]), len(items))
        return wall, own + (cpu_of_children() - before) / len(items)


def timed(work: Callable[[], object], count: int) -> tuple[float, float]:
    """Seconds and this process's CPU seconds for each image."""
    start, cpu = time.perf_counter(), own_cpu()
    work()
    return (time.perf_counter() - start) / count, (own_cpu() - cpu) / count


def own_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def children() -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()]


def cpu_of_children() -> float:
    return sum(map(cpu_of, children()))


def cpu_of(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


if __name__ == "__main__":
    main()
