"""python -m cam export: options, progress, and what is said at the end."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import torch
from PIL import Image
from tqdm import tqdm

from cam.commands.options import (
    LoadedStudy,
    add_display_arguments,
    add_layer_arguments,
    add_study_arguments,
    chosen_study,
    display_of,
    load_networks,
    question_of,
    require_askable,
    require_counts,
)
from cam.comparison import VariantFacts
from cam.export.gallery import Heading
from cam.export.index import write_index
from cam.export.items import Item, chosen, find_items
from cam.export.keys import FORMATS, LABEL, WRITES, Settings, setting_key
from cam.export.ledger import Ledger
from cam.export.leftovers import leftovers
from cam.export.locking import at_work
from cam.export.looking import look, sides_of
from cam.export.pipeline import Pipeline, Progress, Stop
from cam.export.reading import Photograph, Reader, masks_of
from cam.export.rendering import outputs
from cam.figures.layout import NARROW, PAGE
from cam.question import Question
from models.commands import DONE, SOME_FAILED, say
from models.memory import free_bytes
from models.training.interruptions import stop_signals
from models.views import Views

BATCH = 8
WIDTHS = {"page": PAGE, "column": NARROW}
BATCH_BYTES = 1 << 30  # of memory for a batch at 448 pixels, with a reserve
ON_GPU = 4
EVERY = 1.0  # seconds between two lines of progress


def add_export_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of ``python -m cam export``."""
    parser.epilog = "--target label explains the class that each photograph's folder is named after."
    parser.add_argument("sources", nargs="+", metavar="FOLDER|GLOB|LIST.txt", help="photographs to export")
    parser.add_argument("--out", required=True, metavar="FOLDER", help="folder for all files; run again to go on")
    add_study_arguments(parser)
    add_layer_arguments(parser)
    parser.add_argument("--write", default="figure", metavar="A,B", help=f"of {', '.join(WRITES)} (default: figure)")
    parser.add_argument("--format", default="png", choices=FORMATS, help="of the figures (default: png)")
    add_display_arguments(parser)
    parser.add_argument("--width", default="page", choices=WIDTHS, help="of a figure: 7 inches, or a column of 3.3")
    parser.add_argument("--dpi", type=int, default=200, help="of PNG and WebP (default: 200)")
    parser.add_argument("--transparent", action="store_true", help="no white page behind figures")
    parser.add_argument(
        "--precision", default="float32", choices=("float16", "float32"), help="of raw maps (default: float32)"
    )
    parser.add_argument("--limit", type=int, metavar="N", help="only the first N photographs")
    parser.add_argument("--sample", type=int, metavar="N", help="only N photographs, at random but always the same")
    parser.add_argument("--follow-links", action="store_true", help="also export what symbolic links lead to")
    parser.add_argument("--batch-size", type=int, metavar="N", help=f"images in a pass (default: {BATCH}, on a CPU 1)")
    parser.add_argument("--workers", type=int, metavar="N", help="rendering processes (default: half of the cores)")
    parser.add_argument("--verify", action="store_true", help="hash finished files again and repair what differs")
    parser.add_argument("--retry-failed", action="store_true", help="try images that failed before again")
    parser.add_argument("--max-failures", type=int, metavar="N", help="stop after N images that fail")


def run_export(args: argparse.Namespace) -> int:
    """export FOLDER|GLOB|LIST.txt --out FOLDER

    Under ``RANK`` and ``WORLD_SIZE`` (torchrun sets both) this process exports every ``WORLD_SIZE``-th batch of the list.

    Returns:
        0, or 3 where images or variants failed, or 130 or 143 after a signal.

    Raises:
        ValueError: options, photographs or networks cannot be used, or --max-failures is reached.
        OSError: a source is missing or a file cannot be written; what was written before is whole.
    """
    settings = _settings(args)
    rank, world = _place()
    torch.backends.cudnn.deterministic = True
    torch.set_num_threads(1)  # several forward passes at once, each on one core: the same bits on any number of cores
    variants = chosen_study(_on_own_device(args))
    require_askable(variants, _before_photographs(settings.question), settings.display)
    items = chosen(find_items(args.sources, Path(args.out), args.follow_links), args.limit, args.sample)
    loaded = load_networks(variants)
    for sentence in loaded.failures.values():
        say(sentence)
    _rehearse(loaded, settings)
    setting = setting_key(settings, loaded.networks)
    with at_work(Path(args.out)), Ledger(Path(args.out), setting, rank) as ledger:
        categories = next(iter(loaded.networks.values())).categories
        masks = masks_of(items, categories)
        reader = Reader(
            ledger, settings, setting, categories, args.verify, args.retry_failed, masks, sides_of(loaded.networks)
        )
        size = _batch_size(args, next(iter(loaded.networks.values())).device)
        own = [items[start : start + size] for start in range(0, len(items), size)][rank::world]
        code, failures = _export(args, loaded, reader, own, size)
        if code is not None:
            return code
        facts = {key: VariantFacts.of(network) for key, network in loaded.networks.items()}
        failed = write_index(items, ledger, Heading(loaded.study.title, settings, facts))
        _say_end(args, failures if failed is None else failed, failed is not None)
        _say_leftovers(leftovers(items, Path(args.out)), args.out)
    if failed is None and "TORCHELASTIC_RUN_ID" in os.environ:
        return DONE  # torchrun stops all ranks when one fails; the rank that ends last says that images failed
    missing = any(loaded.study.variants[key].source for key in loaded.failures)
    return SOME_FAILED if failed or failures or missing else DONE


def _export(
    args: argparse.Namespace, loaded: LoadedStudy, reader: Reader, own: Sequence[Sequence[Item]], size: int
) -> tuple[int | None, int]:
    """Run the pipeline; return an exit code where a signal ended it, else None, and how many images have failed."""
    with stop_signals() as came, _told(sys.stderr.isatty()) as show:

        def tell(progress: Progress) -> None:
            show(progress)
            if came or (args.max_failures and progress.failed >= args.max_failures):
                raise Stop

        device = next(iter(loaded.networks.values())).device
        workers = args.workers or max(1, _cores() // 2)
        pipeline = Pipeline(loaded.networks, reader, size, _batches_at_once(device), workers, tell)
        stopped = pipeline.run(own)
    progress = pipeline.progress
    if stopped:
        say(f"stopped after {progress.finished} of {progress.total} images; the same command goes on from there")
    if stopped and not came:
        raise ValueError(
            f"{progress.failed} images failed, as many as --max-failures allows; {args.out}/ledger says why"
        )
    return 128 + came[0] if stopped else None, progress.failed + progress.failed_before


def _say_end(args: argparse.Namespace, failures: int, whole: bool) -> None:
    if failures:
        where = "predictions.csv" if whole else "ledger"
        say(f"{failures} images failed, each with its reason in {args.out}/{where}; --retry-failed tries them again")
    if not whole:
        say("other ranks have images left; the last one to finish writes the index")


def _say_leftovers(found: Sequence[str], out: str) -> None:
    if found:
        say(
            f"{len(found)} files or folders in {out} are of photographs that are not in this list, {found[0]!r} first; "
            "remove them, or export into a new folder"
        )


def _settings(args: argparse.Namespace) -> Settings:
    write = tuple(part.strip() for part in args.write.split(","))
    if unknown := [part for part in write if part not in WRITES]:
        raise ValueError(f"unknown --write {unknown[0]!r}; choose from {', '.join(WRITES)}")
    require_counts(args, "limit", "sample", "batch_size", "workers", "max_failures", "dpi")
    in_order = tuple(kind for kind in WRITES if kind in write)
    return Settings(
        question_of(args),
        in_order,
        args.format,
        display_of(args),
        args.dpi,
        args.transparent,
        WIDTHS[args.width],
        args.precision,
    )


def _before_photographs(question: Question) -> Question:
    """The question without the class that each photograph's folder names, which is looked up as the photograph is read."""
    return replace(question, target="own") if question.target == LABEL else question


def _place() -> tuple[int, int]:
    """Rank and world size from the environment."""
    names = [os.environ.get(name) or default for name, default in (("RANK", "0"), ("WORLD_SIZE", "1"))]
    if not (
        all(name.isascii() and name.isdigit() and len(name) < 7 for name in names) and int(names[0]) < int(names[1])
    ):
        raise ValueError(f"RANK={names[0]} and WORLD_SIZE={names[1]} are not understood; expected 0 to WORLD_SIZE - 1")
    return int(names[0]), int(names[1])


def _on_own_device(args: argparse.Namespace) -> argparse.Namespace:
    """The options with a device of its own for each rank of a machine with GPUs."""
    local = os.environ.get("LOCAL_RANK", "")
    if args.device in ("auto", "cuda") and local.isdigit() and torch.cuda.is_available():
        return argparse.Namespace(**{**vars(args), "device": f"cuda:{int(local) % torch.cuda.device_count()}"})
    return args


def _cores() -> int:
    """Number of cores that this process may use, after sharing with other ranks of the machine."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    ranks = os.environ.get("LOCAL_WORLD_SIZE", "")
    return max(1, cores // max(1, int(ranks) if ranks.isdigit() else 1))


def _batch_size(args: argparse.Namespace, device: torch.device) -> int:
    """Images in a pass: one on a CPU, where that is no slower and gives every image the same bits whatever the list is."""
    return 1 if device.type == "cpu" and args.batch_size is None else args.batch_size or BATCH


def _batches_at_once(device: torch.device) -> int:
    """How many batches run at once: one for each core of a CPU, as far as memory allows; on a GPU a few, to keep it busy."""
    if device.type != "cpu":
        return ON_GPU
    return max(1, min(_cores(), int(free_bytes(device) / 2 / BATCH_BYTES)))


def _rehearse(loaded: LoadedStudy, settings: Settings) -> None:
    """Export one grey image without writing it, so that wrong options show before any work."""
    grey = Views.of(Image.new("RGB", (64, 64), "grey"), settings.question.view, sides_of(loaded.networks))
    class_idx = 0 if settings.question.target == LABEL else None
    item = Item(Path("grey.png"), "grey.png", "grey", None)
    found = look([Photograph(item, "", grey, class_idx, None, "")], loaded.networks, settings)
    if found is None:
        raise MemoryError("memory is too small for one image; choose fewer variants or another device")
    for _ in outputs(found[0], "grey", settings):
        pass


# ------------------------------------------------------------------------------------------------------------ progress


@contextmanager
def _told(terminal: bool) -> Iterator[Callable[[Progress], None]]:
    """A bar on a terminal, else a line of JSON on standard output every second, and one at the end."""
    if terminal:
        with tqdm(unit=" images", dynamic_ncols=True, smoothing=0.1) as bar:
            yield lambda progress: _move(bar, progress)
        return
    start, last, latest = time.monotonic(), -EVERY, Progress(0)

    def show(progress: Progress) -> None:
        nonlocal last, latest
        now, latest = time.monotonic() - start, progress
        if now - last >= EVERY:
            last = now
            _print_line(progress, now)

    try:
        yield show
    finally:
        _print_line(latest, time.monotonic() - start)


def _move(bar: tqdm, progress: Progress) -> None:
    if not bar.total:
        bar.reset(progress.total)
    if progress.failed:
        bar.set_postfix_str(f"{progress.failed} failed", refresh=False)
    bar.update(progress.finished - bar.n)


def _print_line(progress: Progress, seconds: float) -> None:
    new = progress.done + progress.failed
    rate = new / seconds if seconds > 0 else 0.0
    left = progress.total - progress.finished
    line = {
        "total": progress.total,
        "done": progress.done,
        "skipped": progress.skipped,
        "failed": progress.failed,
        "images_per_second": round(rate, 3),
        "eta_seconds": round(left / rate) if rate else None,
    }
    print(json.dumps(line), flush=True)
