"""The toolbar of the first page: what is compared, and how. Its widgets write themselves into the link."""

from dataclasses import dataclass
from functools import cache, partial

import numpy as np
import streamlit as st
import torch
from streamlit.delta_generator import DeltaGenerator

from cam import METHODS, Comparison
from cam.targets import CONTRAST, softmax
from models import Study
from models.efficientnet import LAYERS
from models.images import VIEWS
from models.studies import VARIANTS
from ui import photographs, session
from ui.sentences import say_later, sentence
from ui.session import Choice, Photograph

SAME, OWN, RATHER = "Same class", "Each its own", "Why A rather than B"
VIEW_WORDS = {"square": "Whole image", "centre": "Centre crop"}
STYLE_WORDS = {"overlay": "Overlay", "paper": "Paper style"}
METHOD_COSTS = {"scorecam": " (minutes)", "fullgrad": " (slower)"}
METHOD_HELP = (
    "Most methods cost one pass of each network. ScoreCAM costs one for each channel, FullGrad a backward pass."
)
SCALE_WORDS = {"map": "Each map", "row": "Row"}
CHECKPOINTS = ["safetensors", "pth", "pt", "bin"]
MIME = {".png": "image/png", ".pdf": "application/pdf", ".svg": "image/svg+xml", ".npz": "application/octet-stream"}


@dataclass(frozen=True)
class Settings:
    """What a visitor chose: names as the library knows them."""

    study: str
    variants: tuple[str, ...]
    device: str
    method: str
    view: str
    target: str | int
    layer: str | None = None
    flip: bool = False


def toolbar(tools: DeltaGenerator) -> Settings:
    """One row of controls; the rarer ones behind Settings."""
    with tools:
        with st.popover("Photographs", icon=":material/photo_library:"):
            photographs.picker()
        class_place = st.container(width="content", horizontal=True, vertical_alignment="bottom", gap="small")
        method = st.selectbox(
            "Method", list(METHODS), key="method", format_func=method_words, bind="query-params", width=150,
            help=METHOD_HELP,
        )  # fmt: skip
        study = st.selectbox(
            "Study",
            session.STUDIES,
            index=session.STUDIES.index(session.DEFAULT_STUDY),
            key="study",
            format_func=study_words,
            bind="query-params",
            width=230,
        )
        with st.popover("Settings", icon=":material/tune:"):
            view, variants, device = _settings(session.study_named(study))
            layer, flip = _layer(method)
    with class_place:
        target = _target(class_labels(study))
    return Settings(study, tuple(variants), device, method, view, target, layer, flip)


def method_words(name: str) -> str:
    return METHODS[name].label + METHOD_COSTS.get(name, "")


def _layer(method: str) -> tuple[str | None, bool]:
    """Which layer's maps, where the method leaves a choice, and whether the mirror image counts as well."""
    layer = st.selectbox(
        "Layer", LAYERS[::-1], key="layer", bind="query-params", format_func=str.capitalize,
        disabled=METHODS[method].layers != "any",
        help="The head is the last layer. Maps of earlier ones are finer and know less of the class.",
    )  # fmt: skip
    flip = st.toggle("Average with the mirror image", key="flip", bind="query-params")
    return layer if METHODS[method].layers == "any" and layer != "head" else None, flip


def study_words(name: str) -> str:
    return session.study_named(name).title


def devices() -> list[str]:
    """Those that this machine has."""
    return ["auto", "cpu"] + ["cuda"] * torch.cuda.is_available() + ["mps"] * torch.backends.mps.is_available()


def _settings(study: Study) -> tuple[str, list[str], str]:
    view = st.segmented_control(
        "What every network sees", VIEWS, default=VIEWS[0], required=True, key="view", bind="query-params",
        format_func=VIEW_WORDS.__getitem__,
    )  # fmt: skip
    keys = [key for key in VARIANTS if key in study.variants]
    variants = st.pills(
        "Variants", keys, selection_mode="multi", default=keys, key="variants", bind="query-params",
        format_func=lambda key: study.variants[key].label,
    )  # fmt: skip
    device = st.segmented_control("Device", devices(), default="auto", required=True, key="device", bind="query-params")
    if session.serves_this_machine_only():
        with st.expander("Other weights"):
            _weights(study)
    return view, variants, device


# ----------------------------------------------------------------------------------------------------------- the class


@cache
def labels_of(categories: tuple[str, ...]) -> dict[str, int]:
    """Class names to choose from, in alphabetical order; those that occur twice carry their index."""
    labels = {
        (name if categories.count(name) == 1 else f"{name} ({index})"): index for index, name in enumerate(categories)
    }
    return dict(sorted(labels.items(), key=lambda label: label[0].lower()))


def class_labels(study: str) -> dict[str, int]:
    """Labels of a study's classes -> indices; a study whose manifest lists none takes those of its first network."""
    manifest = session.study_named(study)
    if manifest.categories is not None:
        return labels_of(tuple(manifest.categories))
    loaded, _ = session.networks([Choice(study, key, "auto") for key in manifest.variants])
    return labels_of(tuple(next(iter(loaded.values())).categories)) if loaded else {}


def _target(labels: dict[str, int]) -> str | int:
    options = [SAME, OWN, RATHER, *labels]
    _forget_unless_in("target", options)
    chosen = st.selectbox("Class", options, key="target", bind="query-params", width=190)
    if chosen == RATHER:
        return CONTRAST.join(
            _class(label, key, place, labels) for place, (label, key) in enumerate((("A", "a"), ("B", "b")))
        )
    return {SAME: "shared", OWN: "own"}.get(chosen) or (
        chosen if chosen in labels and _plain(chosen) else labels[chosen]
    )


def _class(label: str, key: str, place: int, labels: dict[str, int]) -> str:
    _forget_unless_in(key, list(labels))
    suggested = st.session_state.get("seen_classes", [0, 1])[place]
    index = list(labels.values()).index(suggested) if suggested in labels.values() else 0
    chosen = st.selectbox(label, list(labels), index=index, key=key, bind="query-params", width=170)
    return chosen if _plain(chosen) else str(labels[chosen])


def _plain(label: str) -> bool:
    """The label names its class: it is not one of two of that name, nor reads like a contrast or an index."""
    return not label.endswith(")") and CONTRAST not in label and not label.strip().lstrip("-").isdigit()


def _forget_unless_in(key: str, options: list[str]) -> None:
    if key in st.session_state and st.session_state[key] not in options:
        del st.session_state[key]


def suggest_classes(row: Comparison) -> None:
    """Offer the two classes that the networks waver between, when a visitor asks for one rather than another."""
    if st.session_state.get("target") != RATHER:
        mean = np.mean([softmax(logits[0]) for logits in row.logits.values()], axis=0)
        st.session_state.seen_classes = np.argsort(-mean)[:2].tolist()


def choose_class(index: int, study: str) -> None:
    """Explain that class; for callbacks."""
    st.session_state.target = {place: label for label, place in class_labels(study).items()}[index]


def choose_study(name: str) -> None:
    """Show that study; for callbacks."""
    st.session_state.study = name


def take_carried_study() -> None:
    """Show the study that another page sent its visitor here with."""
    if carried := st.session_state.pop("carried_study", None):
        st.session_state.study = carried


# --------------------------------------------------------------------------------------------------------- the weights


def choices(settings: Settings) -> list[Choice]:
    """The networks of the study, with the checkpoints that this visitor brought."""
    brought = st.session_state.get("checkpoints", {})
    keys = session.study_named(settings.study).variants
    return [Choice(settings.study, key, settings.device, *brought.get((settings.study, key), ())) for key in keys]


def _weights(study: Study) -> None:
    st.caption("Put a checkpoint in the place of a variant; its scaling is read from the file.")
    key = st.selectbox(
        "Variant", list(study.variants), key="replaced", format_func=lambda key: study.variants[key].label
    )
    place = (study.name, key)
    turn = st.session_state.setdefault("checkpoint_turn", 0)
    file = f"checkpoint-{turn}"
    st.file_uploader("Checkpoint", CHECKPOINTS, key=file, on_change=_take_checkpoint, args=(place, file))
    st.text_input("or its path on this machine", key=f"path-{turn}", on_change=_take_path, args=(place, f"path-{turn}"))
    if place in st.session_state.get("checkpoints", {}):
        st.button("Back to the study's weights", on_click=_give_back, args=(place,))


def _take_checkpoint(place: tuple[str, str], key: str) -> None:
    file = st.session_state[key]
    if file is not None:
        st.session_state.setdefault("checkpoints", {})[place] = session.keep_checkpoint(file.name, file.getvalue())
        st.session_state.checkpoint_turn += 1


def _take_path(place: tuple[str, str], key: str) -> None:
    path = st.session_state[key].strip()
    if path and session.serves_this_machine_only():
        try:
            st.session_state.setdefault("checkpoints", {})[place] = session.local_checkpoint(path)
            st.session_state.checkpoint_turn += 1
        except OSError as error:
            say_later(sentence(error))


def _give_back(place: tuple[str, str]) -> None:
    st.session_state.checkpoints.pop(place, None)


# -------------------------------------------------------------------------------------------------------- files


def downloads(tools: DeltaGenerator, rows: list[tuple[Photograph, Comparison]]) -> None:
    """Files of the figure, made when they are asked for."""
    comparisons = [row for _, row in rows]
    with tools, st.popover("Download", icon=":material/download:", disabled=not rows):
        if not rows:
            return
        style = st.segmented_control(
            "Style",
            list(STYLE_WORDS),
            default="overlay",
            required=True,
            key="style",
            format_func=STYLE_WORDS.__getitem__,
        )
        shareable = comparisons[0].unit == "logit" and style == "overlay"
        scale = st.segmented_control(
            "Scale", list(SCALE_WORDS), default="map", required=True, key="scale", disabled=not shareable,
            format_func=SCALE_WORDS.__getitem__,
        )  # fmt: skip
        scale = scale if shareable else "map"
        with st.container(horizontal=True, gap="small"):
            for suffix, mime in MIME.items():
                label = "Raw maps" if suffix == ".npz" else suffix[1:].upper()
                st.download_button(
                    label, partial(_file, comparisons, suffix, scale, style), f"compound-cam{suffix}", mime,
                    key=f"download{suffix}", on_click="ignore",
                )  # fmt: skip
        st.caption("Raw maps (.npz) can be drawn again with `python -m cam render`.")


def _file(comparisons: list[Comparison], suffix: str, scale: str, style: str) -> bytes:
    return session.figure_file(Comparison.stack(comparisons), suffix, scale, style)
