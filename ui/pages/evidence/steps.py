"""How we know, step by step: each measure on made-up maps, the purpose of every control, and the tables last."""

import numpy as np
import streamlit as st

from cam.evaluation.contenders import AT_SIZE, CHANCE, CONTROL, RANDOM, VARIANT
from cam.evaluation.records import Report
from cam.figures.colours import overlay
from cam.maps.cells import CellGrid, centred_gaussian
from cam.measures.mask_scores import boundary_agreement, pixel_scores
from cam.measures.pointing import four_objects
from ui.messages import plain
from ui.pages.evidence.numbers import show_measurements, show_networks, show_pairs, show_setting
from ui.pages.evidence.verdicts import CLAIM
from ui.pages.evidence.words import label, number, percent
from ui.photographs import data_url

SIDE, SHOWN = 112, 224
CONTROLS = {
    AT_SIZE: "The baseline’s own weights on {subject}’s larger images. If they do as well, the lead comes from the pixels, "
    "not from scaling.",
    CONTROL: "A network trained in the same way and scaled differently. If it does as well, the balance of depth, width and "
    "resolution is not what helps.",
    RANDOM: "The same architecture without any training. If it does as well, the score does not measure what was learned.",
    CHANCE: "A blob in the middle of the picture, where photographers put things. If it does as well, the score measures "
    "photographers.",
    VARIANT: "The same network trained once more from another random start. If two trainings of one network differ as much, "
    "the lead is luck.",
}
NAMES = {
    AT_SIZE: "More pixels alone",
    CONTROL: "Another scaling",
    RANDOM: "Random weights",
    CHANCE: "A centred Gaussian",
    VARIANT: "The same network again",
}


def show_steps(report: Report) -> None:
    """From the question to the tables."""
    with st.expander("1  The question", expanded=True, icon=":material/help:"):
        st.markdown(f"*{CLAIM}* Tan & Le, ICML 2019, Figure 7. The paper shows two photographs. Here there are many:")
        show_setting(report)
    with st.expander("2  How a map is scored", expanded=True, icon=":material/straighten:"):
        _measures()
    with st.expander("3  What the controls are for", icon=":material/rule:"):
        _controls(report)
    with st.expander("4  How sure that is", icon=":material/casino:"):
        st.markdown(_certainty(report))
    with st.expander("5  All numbers", icon=":material/table:"):
        show_measurements(report)
    with st.expander("6  Networks against each other", icon=":material/compare_arrows:"):
        show_pairs(report)
    with st.expander("7  The networks", icon=":material/hub:"):
        show_networks(report)


def _certainty(report: Report) -> str:
    """What a difference has to exceed; only what this evaluation measured is claimed."""
    subject = plain(label(report, report.subject))
    again = [plain(one.label) for one in report.arms.values() if one.role == VARIANT and len(one.trainings) > 1]
    trained = (
        "Two trainings of one network differ, too: a difference counts only where it is larger than classes, photographs **and** "
        f"trainings explain. How far trainings lie apart was measured on {', '.join(again)}, and is taken to be the same for all."
        if any(one.spread is not None for one in report.findings)
        else "Two trainings of one network would differ, too, but here **each network was trained once**: no lead of "
        f"{subject} can be confirmed, and where another network is ahead, it is this training of it that is."
    )
    return (
        "Photographs of one class are alike, so intervals come from drawing **classes** again and again and, within them, "
        f"photographs. {trained} With many comparisons one in twenty would be wrong by luck; Holm’s correction keeps that to one "
        "in twenty for all comparisons of this evaluation together. For each statement one measure was declared beforehand, and "
        "it alone decides; the others are secondary."
    )


def _measures() -> None:
    st.markdown(
        "**Relevant regions.** Take a pixel of the object and one outside it: how often does the map rate the first higher? "
        "Always is 1, half of the time is chance."
    )
    _row([(words, map_, _object(), number(pixel_scores(map_, _object()).auroc)) for words, map_ in examples().items()])
    st.markdown(
        "**Object details.** Take the map’s highest pixels, as many as the object has, and compare the edges. Only the order of "
        "the pixels counts, so a sharper or flatter map does not score higher. The same edge is 1; coarse maps stay far below."
    )
    _row([(words, map_, _object(), number(boundary_agreement(map_, _object()))) for words, map_ in examples().items()])
    st.markdown(
        "**All objects.** Four photographs of one class side by side: on how many does the map reach half its maximum? "
        "A blob in the middle reaches all four, so a high score alone says nothing."
    )
    found = {"All four": (1, 0.9, 0.8, 0.7), "Two of four": (1, 0.3, 0.7, 0.2), "One of four": (1, 0.1, 0.2, 0.1)}
    _row([(words, _four(heights), _tiles(), percent(_found(heights))) for words, heights in found.items()])


def examples() -> dict[str, np.ndarray]:
    """Maps of ``_object``: one on it, the same but sharper, one that misses it, and a Gaussian in the picture's middle."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    good = np.exp(-(((rows - 0.48) / 0.16) ** 2 + ((columns - 0.63) / 0.3) ** 2) / 2)
    beside = np.exp(-(((rows - 0.3) / 0.2) ** 2 + ((columns - 0.3) / 0.2) ** 2) / 2)
    gaussian = CellGrid.even(28).drawn(centred_gaussian()[None], SIDE)[0]
    return {"On the object": good, "Sharpened": good**6, "Beside it": beside, "In the middle": gaussian}


def _object() -> np.ndarray:
    """A fish: an ellipse and a tail."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    body = ((rows - 0.48) / 0.15) ** 2 + ((columns - 0.62) / 0.26) ** 2 < 1
    tail = (columns > 0.22) & (columns < 0.4) & (np.abs(rows - 0.48) < 0.9 * (0.42 - columns))
    return (body | tail).astype(np.uint8)


def _four(heights: tuple[float, ...]) -> np.ndarray:
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    places = ((0.25, 0.25), (0.25, 0.75), (0.75, 0.25), (0.75, 0.75))
    blobs = [np.exp(-((rows - y) ** 2 + (columns - x) ** 2) / 0.01) for y, x in places]
    return np.max([height * blob for height, blob in zip(heights, blobs, strict=True)], axis=0)


def _found(heights: tuple[float, ...]) -> float:
    return float(four_objects(_four(heights)[None], CellGrid.even(SIDE)).found[0])


def _tiles() -> np.ndarray:
    """Four discs with a gap between the tiles."""
    rows, columns = np.mgrid[:SIDE, :SIDE] / SIDE
    return (np.hypot((rows % 0.5) - 0.25, (columns % 0.5) - 0.25) < 0.14).astype(np.uint8)


def _row(pictures: list[tuple[str, np.ndarray, np.ndarray, str]]) -> None:
    with st.container(horizontal=True, gap="small"):
        for case, map_, mask, score in pictures:
            with st.container(width=145, gap="small"):
                st.image(data_url(_picture(map_, mask)), width=140, alt=f"A map over an object: {case}")
                st.markdown(f"{case}: **{score}**")


def _picture(map_: np.ndarray, mask: np.ndarray) -> np.ndarray:
    """The map over a grey object with a white edge."""
    grey = np.where(mask[..., None] > 0, 170, 90).astype(np.uint8).repeat(3, axis=2)
    drawn = overlay(grey, (map_ - map_.min()) / np.ptp(map_), "inferno", 0.6)
    edge = mask.astype(bool) & ~(
        np.roll(mask, 1, 0) & np.roll(mask, -1, 0) & np.roll(mask, 1, 1) & np.roll(mask, -1, 1)
    ).astype(bool)
    drawn = drawn.copy()
    drawn[edge] = 255
    return drawn.repeat(SHOWN // SIDE, axis=0).repeat(SHOWN // SIDE, axis=1)


def _controls(report: Report) -> None:
    subject = plain(label(report, report.subject))
    for role, purpose in CONTROLS.items():
        arms = [report.arms[key].label for key in report.with_role(role)]
        if role == VARIANT:
            arms = [
                f"{report.arms[key].label}, {len(report.arms[key].trainings)} trainings"
                for key in report.with_role(role)
                if len(report.arms[key].trainings) > 1
            ]
        here = f"Here: {'; '.join(arms)}." if arms else "Not part of this evaluation."
        st.markdown(f"**{NAMES[role]}.** {purpose.format(subject=subject)} {plain(here, 400)}")
