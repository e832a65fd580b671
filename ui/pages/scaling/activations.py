"""A stage of the drawing opened: what the nearest trained network makes of a photograph there, computed when somebody asks."""

import base64
import io
from typing import NamedTuple

import numpy as np
import streamlit as st
import torch
from PIL import Image

from cam.figures.colours import coloured
from models.efficientnet import LAYERS
from models.images import view_image
from models.network import Network
from models.precision import strict
from ui import session
from ui.address import choose, keep
from ui.components.activations import activation_maps
from ui.messages import complain, plain, sentence
from ui.pages.scaling.measured import PHOTOGRAPHS
from ui.photographs import data_url, opened, sample_photographs
from ui.session import Choice
from ui.shared import shared

STRONGEST = 8  # channels
STAGES = len(LAYERS)  # of the drawing: the stem and all but the head
SHARPEST, PLAIN = 112, 56  # cells along a side: of a picture at most, and of one that is kept without loss
SEEN = 320  # pixels along a side of the photograph
STAGE = "stage"  # in the address and the session
HINT = "Choose a stage in the drawing: it opens into what the nearest trained network computes there of a photograph."


class Activations(NamedTuple):
    """One stage's activations of a photograph: counts, and pictures of what is seen, of the mean and of single channels."""

    channels: int
    cells: int
    seen: str
    mean: str
    strongest: dict[int, str]


def stage_chosen() -> int | None:
    """Place of the stage that the session or else the address names; None where neither does."""
    if STAGE not in st.session_state:
        asked = st.query_params.get(STAGE, "")
        st.session_state[STAGE] = int(asked) if asked in map(str, range(STAGES)) else None
    return st.session_state[STAGE]


def choose_stage(stage: int) -> None:
    """Callback of the drawing: the stage opens, or closes if it was open; a browser may ask for one that is not there."""
    if stage not in range(STAGES):
        return
    st.session_state[STAGE] = None if st.session_state.get(STAGE) == stage else stage


def opened_stage(key: str, stage: int | None) -> None:
    """The section under the drawing.

    Args:
        key: of the nearest trained network.
        stage: place in the drawing; None shows how to open one.
    """
    keep(STAGE, None if stage is None else str(stage))
    if stage is None:
        st.caption(HINT)
        return
    label = session.study_named(session.DEFAULT_STUDY).variants[key].label
    name = choose("Photograph", "seen", {one: one.replace("-", " ") for one in PHOTOGRAPHS}, PHOTOGRAPHS[0])
    try:
        with st.spinner(f"{plain(label)} looks at the photograph"):
            found = activations_of(Choice(session.DEFAULT_STUDY, key, "auto"), stage, name)
    except Exception as error:  # weights that are not here; the lesson goes on without them
        complain(sentence(error))
        return
    activation_maps(
        {
            "words": f"{stage_name(stage)} of the nearest trained network, {label}: {found.channels} channels of "
            f"{found.cells} × {found.cells} cells",
            "about": name.replace("-", " "),
            "photograph": found.seen,
            "mean": found.mean,
            "channels": [{"number": number, "picture": picture} for number, picture in found.strongest.items()],
        }
    )


def stage_name(stage: int) -> str:
    """What a place in the drawing is called: the stem, then stages as the page Compare numbers its layers."""
    return f"Stage {stage}" if stage else "The stem"


@shared(64)
def activations_of(choice: Choice, stage: int, name: str) -> Activations:
    """A network's activations of a sample photograph at the end of a stage.

    Raises:
        StudyError, CheckpointError: the network does not load.
    """
    image = opened(sample_photographs()[name])
    maps = stage_output(session.network(choice), image, stage)
    strongest = np.argsort(-maps.std(axis=(1, 2)), kind="stable")[:STRONGEST]
    return Activations(
        channels=len(maps),
        cells=maps.shape[1],
        seen=data_url(np.asarray(view_image(image, "square", SEEN))),
        mean=picture(np.abs(maps).mean(axis=0)),
        strongest={int(one): picture(maps[one]) for one in strongest},
    )


def stage_output(network: Network, image: Image.Image, stage: int) -> np.ndarray:
    """What a network's stage puts out for an image, float32 (C, h, w); 0 is the stem."""
    parts = network.split("head")[0][: stage + 1]
    with torch.no_grad(), strict(network.device):
        return parts(network.transform(image)[None].to(network.device))[0].cpu().numpy()


def picture(values: np.ndarray) -> str:
    """A map from its lowest value to its highest in colours, a cell a pixel up to ``SHARPEST``: a WebP data URL."""
    low, high = float(values.min()), float(values.max())
    image = Image.fromarray(coloured((values - low) / max(high - low, 1e-12), "inferno"))
    image.thumbnail((SHARPEST, SHARPEST), Image.Resampling.BOX)
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85, lossless=image.width <= PLAIN, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
