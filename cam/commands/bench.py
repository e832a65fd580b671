"""python -m cam bench: our maps beside grad-cam's, torch-cam's and bare forward passes, alternating in one run.

Every group of contenders is run in turns, in an order that moves on by one each time; see ``cam.commands.timing``.
"""

import argparse
import json
import math
import os
import platform
from collections.abc import Iterator
from dataclasses import asdict

import torch
from PIL import Image

from cam.commands.peers import (
    Timed,
    by_pytorch,
    closed_forms,
    forward_passes,
    grad_cams_maps,
    missing_peers,
    our_maps,
    plain_copy,
    techniques,
    torch_cams_maps,
)
from cam.commands.timing import Group, claims, in_turns, seconds_of, table
from cam.compare import compare
from cam.maps.methods import METHODS, method_named
from models import Network, efficientnet, load_study
from models.commands import DONE, say
from models.engine import PYTORCH, engine_words
from models.files import atomic_write, require_folder
from models.network import DEVICES, choose_device
from models.scaling import VARIANT_SCALINGS

PEERS = ("gradcam", "layercam")
ONE_IMAGE = ("ablationcam", "scorecam", "fullgrad")
CLASSES = 1000


def add_bench_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of bench."""
    parser.add_argument("--study", help="its networks; default: the paper's five scalings of B0 with random weights")
    parser.add_argument("--variants", metavar="A,B", help="only these (default: all)")
    parser.add_argument("--methods", metavar="A,B", help=f"beside the libraries (default: {','.join(PEERS)})")
    parser.add_argument("--batches", default="1,32", metavar="N,M", help="images in a call (default: 1,32)")
    parser.add_argument(
        "--full", action="store_true", help="every method on every variant at every batch: hours on a CPU"
    )
    parser.add_argument("--compile", action="store_true", help="also torch.compile, which takes minutes to compile")
    parser.add_argument("--minutes", type=float, default=3, help="of turns; two turns are always taken (default: 3)")
    parser.add_argument("--threads", type=int, metavar="N", help="of the CPU (default: torch's own choice)")
    parser.add_argument("--device", default="auto", help=DEVICES)
    parser.add_argument("--out", metavar="FILE.json", help="also write every time measured")


def run_bench(arguments: argparse.Namespace) -> int:
    """bench [--out FILE.json]"""
    batches, methods = _batches(arguments.batches), _methods(arguments)
    if arguments.out:
        require_folder(arguments.out)
    if arguments.threads is not None:
        if arguments.threads < 1:
            raise ValueError(f"--threads is {arguments.threads}; expected 1 or more")
        torch.set_num_threads(arguments.threads)
    if not (math.isfinite(arguments.minutes) and arguments.minutes >= 0):
        raise ValueError(f"--minutes is {arguments.minutes:g}; expected a number from 0 up")
    networks = bench_networks(arguments)
    for sentence in missing_peers():
        say(sentence)
    groups = []
    for group in measured(networks, methods, batches, arguments):
        groups.append(group)
        print(table(group), flush=True)
    found = claims(groups)
    print("\n".join(f"{sentence}: {value:.4g}" for sentence, value in found.items()))
    if arguments.out:
        document = {"machine": machine(networks), "claims": found, "groups": [asdict(group) for group in groups]}
        with atomic_write(arguments.out) as file:
            file.write(json.dumps(document, indent=1).encode() + b"\n")
    return DONE


def bench_networks(arguments: argparse.Namespace) -> dict[str, Network]:
    """The study's networks, or the paper's five with random weights, which are as fast.

    Raises:
        ValueError: a variant is unknown or cannot be loaded, or there is no such device.
    """
    study = load_study(arguments.study) if arguments.study else None
    known = list(study.variants if study else VARIANT_SCALINGS)
    keys = [key.strip() for key in arguments.variants.split(",")] if arguments.variants else known
    for key in keys:
        if key not in known:
            raise ValueError(f"unknown variant {key!r}; choose from {', '.join(known)}")
    if study:
        return {key: study.load(key, arguments.device) for key in keys}
    device, networks = choose_device(arguments.device), {}
    for key in keys:
        torch.manual_seed(0)
        scaling = VARIANT_SCALINGS[key]
        names = [str(number) for number in range(CLASSES)]
        model = efficientnet(scaling, CLASSES, "b")
        networks[key] = Network(model, scaling=scaling, family="b", categories=names, label=key, device=device)
    return networks


def measured(
    networks: dict[str, Network], methods: list[str], batches: list[int], arguments: argparse.Namespace
) -> Iterator[Group]:
    """The groups one after the other, each as soon as it is there."""
    first, full = next(iter(networks)), arguments.full
    cells = [(key, batch) for key in networks for batch in batches if full or key == first or batch == min(batches)]
    share = 60 * arguments.minutes / (len(cells) + 2 * len(batches) + 1)
    for batch in batches:
        network = networks[first]
        images, class_idx = _inputs(network, batch)
        tried = techniques(network, plain_copy(network), images, arguments.compile)
        yield in_turns("forward passes", first, batch, "plain", tried, network.device, share)
        forms = closed_forms(network, images, class_idx)
        yield in_turns(
            "closed forms on features at hand", first, batch, "forward, fastest", forms, network.device, share
        )
    for key, batch in cells:
        chosen = methods if full or key == first else methods[:1]
        contenders = _of_methods(networks[key], batch, chosen)
        yield in_turns("methods", key, batch, "forward, fastest", contenders, networks[key].device, share)
    if "ablationcam" not in methods:
        yield _ablation(first, networks[first])
    yield in_turns("a comparison", "all", 1, "forward passes", _of_comparison(networks), network.device, share)


def _ablation(key: str, network: Network) -> Group:
    """Of one image; grad-cam runs the network 1,280 times or more for it, and is timed once."""
    contenders = _of_methods(network, 1, ["ablationcam"])
    theirs = contenders.pop("ablationcam, grad-cam", None)
    group = in_turns("ablation", key, 1, "ablationcam, drawn", contenders, network.device, 0, turns=range(6, 7))
    if theirs:
        group.seconds["ablationcam, grad-cam"] = [seconds_of(theirs, network.device)]
    return group


def _of_methods(network: Network, batch: int, methods: list[str]) -> dict[str, Timed]:
    """Methods that mask channels or keep every layer's gradients are run on one image only."""
    methods = [name for name in methods if batch == 1 or name not in ONE_IMAGE]
    images, class_idx = _inputs(network, batch)
    plain, indices = plain_copy(network), class_idx.tolist()
    found = forward_passes(network, plain, images)
    for method in methods:
        found |= our_maps(network, images, class_idx, method)
        found |= grad_cams_maps(plain, images, indices, method)
        found |= torch_cams_maps(plain, images, indices, method)
    return found


def _of_comparison(networks: dict[str, Network]) -> dict[str, Timed]:
    """All variants on one photograph, from its bytes on, beside their forward passes; and another class of it."""
    picture = Image.effect_noise((500, 400), 64).convert("RGB")
    inputs = {key: network.transform(picture)[None].to(network.device) for key, network in networks.items()}
    passes = {key: forward_passes(network, network.model, inputs[key]) for key, network in networks.items()}
    finished = compare(networks, [picture])

    def all_passes() -> None:
        for one in passes.values():
            one["forward, fastest"]()

    found: dict[str, Timed] = {
        "forward passes": all_passes,
        "compare": lambda: compare(networks, [picture]),
        "another class": lambda: finished.explain(1),
    }
    if any(network.engine != PYTORCH for network in networks.values()):
        others = {key: by_pytorch(network) for key, network in networks.items()}
        found["compare, PyTorch"] = lambda: compare(others, [picture])
    return found


def machine(networks: dict[str, Network]) -> dict[str, str | int | float]:
    """What the times depend on."""
    first = next(iter(networks.values()))
    device = first.device
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else -1.0
    return {
        "device": str(device),
        "name": name,
        "threads": torch.get_num_threads(),
        "cores": os.cpu_count() or 0,
        "load": load,
        "torch": torch.__version__,
        "engine": engine_words(first.engine),
    }


def _inputs(network: Network, batch: int) -> tuple[torch.Tensor, torch.Tensor]:
    side = network.scaling.input_size
    images = torch.randn(batch, 3, side, side, generator=torch.Generator().manual_seed(0))
    return images.to(network.device), (torch.arange(batch) % len(network.categories)).to(network.device)


def _batches(words: str) -> list[int]:
    try:
        found = [int(word) for word in words.split(",")]
    except ValueError:
        found = []
    if not found or min(found) < 1:
        raise ValueError(f"--batches {words!r} is not understood; expected numbers of images such as 1,32")
    return found


def _methods(arguments: argparse.Namespace) -> list[str]:
    if not arguments.methods:
        return list(METHODS) if arguments.full else list(PEERS)
    names = [name.strip() for name in arguments.methods.split(",")]
    for name in names:
        method_named(name)
    return names
