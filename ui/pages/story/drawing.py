"""Computes what the story shows from the shipped networks, photographs and evaluation: python -m ui.pages.story.drawing.

Run it again whenever weights, sample photographs or the evaluation change; a test fails when that was forgotten.
"""

import base64
import io
import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from cam import Comparison, compare
from cam.evaluation.shipped import shipped_evaluation
from cam.maps.parts import strongest, take_apart
from cam.paper.tables import paper
from models import Network, load_study, open_image
from models.costs import network_cost
from models.files import atomic_write
from models.home import SAMPLES
from models.images import view_image
from models.studies import DEFAULT_STUDY
from ui.components.viewer import pack, packed_paper
from ui.components.viewer.packing import packed, packed_colours, packed_parts
from ui.pages.drawn import FILE
from ui.pages.evidence.verdicts import CLAIM
from ui.pages.scaling.svg import number, times
from ui.pages.story.answer import measured
from ui.palette import colours_of

PHOTOGRAPHS = (
    "red-panda",
    "meerkats",
    "taj-mahal",
    "spaniels",
    "spoonbills",
    "cat",
    "butterfly",
    "guitar-and-drums",
    "coffee-cup",
    "proboscis-monkeys",
)
TAKEN_APART, ITS_NETWORK = "red-panda", "baseline"
CHANNELS = 12  # number of channels shown one by one
RATHER, FOR, AGAINST = "spaniels", "cocker spaniel", "Sussex spaniel"
EVALUATED = "caltech101"
SIDE, LARGE, QUALITY = 360, 512, 76  # pixels, and WebP's quality
SHOWN_COLOURS = ("inferno", "diverging", "jet", "viridis")


def drawn_now(names: Sequence[str] = PHOTOGRAPHS) -> dict[str, Any]:
    """Everything that the story shows.

    Args:
        names: of the sample photographs for the step in which visitors guess.
    """
    study = load_study(DEFAULT_STUDY)
    networks = {key: study.load(key, "cpu") for key in study.variants}
    report = shipped_evaluation(EVALUATED)
    assert report is not None, f"the evaluation of {EVALUATED} comes with the project"
    return {
        "claim": CLAIM.strip("“…”"),
        "paper": packed_paper(),
        "colours": {name: packed_colours()[name] for name in SHOWN_COLOURS},
        **photographs(networks, names),
        "apart": taken_apart(networks[ITS_NETWORK], TAKEN_APART),
        "growth": [growth(key, network, networks[ITS_NETWORK]) for key, network in networks.items()],
        "answer": measured(report),
        "rather": rather(networks),
        "curves": {key: curve._asdict() for key, curve in paper().figure8.items()},
    }


def photographs(networks: Mapping[str, Network], names: Sequence[str]) -> dict[str, Any]:
    """Maps of the class that most networks see, for every photograph and network, in the viewer's format."""
    rows = [_row(networks, name) for name in names]
    pictures = [picture(name, SIDE) for name in names]
    data = pack(rows, list(names), pictures, {}, list(networks))
    colours = colours_of(networks)
    kept = ("key", "label", "coefficients", "cost", "resolution", "cells", "centres", "offset")
    columns = [
        {**{part: column[part] for part in kept}, "colour": colours[column["key"]]} for column in data["columns"]
    ]
    shown = [
        {"name": row["name"], "category": row["panels"][0]["explained"], "picture": row["picture"], "maps": row["maps"]}
        for row in data["rows"]
    ]
    return {"columns": columns, "photographs": shown}


def _row(networks: Mapping[str, Network], name: str) -> Comparison:
    found = compare(networks, [SAMPLES / f"{name}.jpg"], target="shared")
    found.names[:] = [name]
    return found


def rather(networks: Mapping[str, Network]) -> dict[str, Any]:
    """What speaks for one class rather than another: the difference of two maps for each network."""
    found = compare(networks, [SAMPLES / f"{RATHER}.jpg"], target=f"{FOR} - {AGAINST}")
    maps = packed(np.concatenate([found.maps[key][0].ravel() for key in networks]))
    return {"name": RATHER, "picture": picture(RATHER, LARGE), "for": FOR, "against": AGAINST, "maps": maps}


@torch.inference_mode()
def taken_apart(network: Network, name: str) -> dict[str, Any]:
    """One map as a sum: the feature maps that count most, each with its weight, and all others together.

    The channels with the largest ``|weight x mean activation|`` come first. Their feature maps times their weights, plus
    ``rest``, are the map; the mean of the map plus ``bias`` is the logit.
    """
    image = open_image(SAMPLES / f"{name}.jpg")
    features = network.features(network.transform(image).unsqueeze(0).to(network.device)).float()
    logits = network.logits(features)[0]
    class_idx = logits.argmax().unsqueeze(0)
    weight, bias = network.classifier.weight[class_idx[0]], network.classifier.bias[class_idx[0]]
    channels = strongest(features[0], weight, CHANNELS)
    parts = take_apart(features[0], weight, float(bias), channels)
    return {
        "name": name,
        "picture": picture(name, LARGE),
        "network": network.label,
        "category": network.categories[int(class_idx)],
        **packed_parts(parts),
        "others": parts.count - CHANNELS,
        "rest": packed(parts.whole - np.tensordot(parts.weight, parts.features, 1)),
        "logit": float(logits[class_idx[0]]),
        "probability": float(logits.softmax(0)[class_idx[0]]),
        "resolution": network.scaling.input_size,
        "cells": len(parts.whole),
        "centres": network.cell_centres(),
        "offset": list(network.cell_offset()),
    }


def growth(key: str, network: Network, base: Network) -> dict[str, Any]:
    """Layers and channels of a network, and its cost compared with the baseline."""
    scaling = network.scaling
    stages = network_cost(scaling, len(network.categories), network.family).stages[1:-2]
    return {
        "key": key,
        "depth": scaling.depth_mult,
        "width": scaling.width_mult,
        "pixels": scaling.input_size,
        "layers": [stage.layers for stage in stages],
        "channels": [stage.channels for stage in stages],
        "params": number(network.params),
        "macs": number(network.macs),
        "times": times(network.macs / base.macs),
    }


def picture(name: str, side: int) -> str:
    """A sample photograph as every network sees it, a WebP data URL."""
    buffer = io.BytesIO()
    view_image(open_image(SAMPLES / f"{name}.jpg"), "square", side).save(buffer, "WEBP", quality=QUALITY, method=6)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


if __name__ == "__main__":
    content = json.dumps(drawn_now(), separators=(",", ":"), ensure_ascii=False).encode()
    with atomic_write(FILE) as file:
        file.write(content)
    print(f"{FILE.name}: {len(content) / 1e3:.0f} kB")
