"""The toolbar of Compare: what is compared, and how. Its widgets write themselves into the link."""

from dataclasses import dataclass

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cam import METHODS, Comparison
from cam.maps.targets import CONTRAST
from cam.question import Question
from models import Study
from models.efficientnet import LAYERS
from models.images import VIEWS
from ui import session, uploads
from ui.address import pick
from ui.checkpoints import keep_checkpoint, local_checkpoint
from ui.messages import plain, said_later
from ui.options import class_labels, class_words, devices
from ui.session import Choice

SAME, OWN, RATHER = "Same class", "Each its own", "Why A rather than B"
VIEW_WORDS = {"square": "Whole image", "centre": "Centre crop"}
METHOD_COSTS = {"scorecam": " (minutes)", "fullgrad": " (slower)"}
CHECKPOINTS = ["safetensors", "pth", "pt", "bin", "onnx"]


@dataclass(frozen=True)
class Selection:
    """What a visitor chose: the networks and the question."""

    study: str
    variants: tuple[str, ...]
    device: str
    question: Question


def toolbar(tools: DeltaGenerator) -> Selection:
    """One row of controls; those used less often are behind Settings."""
    with tools:
        with st.popover("Photographs", icon=":material/photo_library:"):
            uploads.picker()
        class_place = st.container(width="content", horizontal=True, vertical_alignment="bottom", gap="small")
        method = st.selectbox(
            "Method",
            list(METHODS),
            key="method",
            format_func=method_words,
            bind="query-params",
            width=190,
            help=methods_explained(),
        )
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
    return Selection(study, tuple(variants), device, Question(method, target, view, layer, flip))


def method_words(name: str) -> str:
    return METHODS[name].label + METHOD_COSTS.get(name, "")


def methods_explained() -> str:
    """Every method in one sentence, with its reference, and its cost where that is more than one forward pass."""
    return "\n\n".join(
        f"**{one.label}**{METHOD_COSTS.get(name, '')}: {one.summary} *{one.reference}*" for name, one in METHODS.items()
    )


def _layer(method: str) -> tuple[str, bool]:
    """The layer, where the method allows a choice, and whether maps are averaged with those of the mirror image."""
    layer = st.selectbox(
        "Layer",
        LAYERS[::-1],
        key="layer",
        bind="query-params",
        format_func=str.capitalize,
        disabled=METHODS[method].layers != "any",
        help="The head is the last layer. Maps of earlier layers are finer and depend less on the class.",
    )
    flip = st.toggle("Average with the mirror image", key="flip", bind="query-params")
    return layer if METHODS[method].layers == "any" and layer != "head" else "", flip


def study_words(name: str) -> str:
    return session.study_named(name).title


def _settings(study: Study) -> tuple[str, list[str], str]:
    view = st.segmented_control(
        "What every network sees",
        VIEWS,
        default=VIEWS[0],
        required=True,
        key="view",
        bind="query-params",
        format_func=VIEW_WORDS.__getitem__,
    )
    keys = list(study.variants)
    variants = st.pills(
        "Variants",
        keys,
        selection_mode="multi",
        default=keys,
        key="variants",
        bind="query-params",
        format_func=lambda key: plain(study.variants[key].label),
    )
    device = st.segmented_control("Device", devices(), default="auto", required=True, key="device", bind="query-params")
    if session.serves_this_machine_only():
        with st.expander("Other weights"):
            _weights(study)
    return view, variants, device


# ----------------------------------------------------------------------------------------------------------- the class


def _target(labels: dict[str, int]) -> str | int:
    chosen = pick("Class", "target", [SAME, OWN, RATHER, *labels], SAME, class_words, width=190)
    if chosen == RATHER:
        return CONTRAST.join(
            _class(label, key, place, labels) for place, (label, key) in enumerate((("A", "a"), ("B", "b")))
        )
    for key in ("a", "b"):
        st.query_params.pop(key, None)
    return {SAME: "shared", OWN: "own"}.get(chosen) or (
        chosen if chosen in labels and _plain(chosen) else labels[chosen]
    )


def _class(label: str, key: str, place: int, labels: dict[str, int]) -> str:
    suggested = st.session_state.get("seen_classes", [0, 1])[place]
    default = next((name for name, index in labels.items() if index == suggested), next(iter(labels)))
    chosen = pick(label, key, list(labels), default, class_words, width=170)
    return chosen if _plain(chosen) else str(labels[chosen])


def _plain(label: str) -> bool:
    """Whether the label alone names its class: no other class has it, and it does not read like a contrast or an index."""
    return not label.endswith(")") and CONTRAST not in label and not label.strip().lstrip("-").isdigit()


def suggest_classes(row: Comparison) -> None:
    """Remember the two most probable classes, which are offered when a visitor asks why one rather than another."""
    if st.session_state.get("target") != RATHER:
        mean = np.mean([row.probabilities(key)[0] for key in row.logits], axis=0)
        st.session_state.seen_classes = np.resize(np.argsort(-mean), 2).tolist()  # a single class twice


def choose_class(index: int, study: str) -> None:
    """Explain that class; for callbacks."""
    st.session_state.target = {place: label for label, place in class_labels(study).items()}[index]


def choose_study(name: str) -> None:
    """Show that study; for callbacks."""
    st.session_state.study = name


def take_carried_study() -> None:
    """Show the study that the visitor had chosen on the page that led here."""
    if carried := st.session_state.pop("carried_study", None):
        st.session_state.study = carried


# --------------------------------------------------------------------------------------------------------- the weights


def choices(settings: Selection) -> list[Choice]:
    """The networks of the study, with the checkpoints that this visitor uploaded."""
    brought = st.session_state.get("checkpoints", {})
    keys = session.study_named(settings.study).variants
    return [Choice(settings.study, key, settings.device, *brought.get((settings.study, key), ())) for key in keys]


def _weights(study: Study) -> None:
    st.caption("Replace a variant with a checkpoint of your own; its scaling is read from the file.")
    key = st.selectbox(
        "Variant", list(study.variants), key="replaced", format_func=lambda key: study.variants[key].label
    )
    place = (study.name, key)
    turn = st.session_state.setdefault("checkpoint_turn", 0)
    file = f"checkpoint-{turn}"
    st.file_uploader("Checkpoint", CHECKPOINTS, key=file, on_change=_take_checkpoint, args=(place, file))
    if session.local_files_allowed():
        path = f"path-{turn}"
        st.text_input("or its path on this machine", key=path, on_change=_take_path, args=(place, path))
    if place in st.session_state.get("checkpoints", {}):
        st.button("Back to the study's weights", on_click=_give_back, args=(place,))


def _take_checkpoint(place: tuple[str, str], key: str) -> None:
    file = st.session_state[key]
    if file is not None:
        with said_later():
            st.session_state.setdefault("checkpoints", {})[place] = keep_checkpoint(file.name, file.getvalue())
            st.session_state.checkpoint_turn += 1


def _take_path(place: tuple[str, str], key: str) -> None:
    path = st.session_state[key].strip()
    if path and session.local_files_allowed():
        with said_later():
            st.session_state.setdefault("checkpoints", {})[place] = local_checkpoint(path)
            st.session_state.checkpoint_turn += 1


def _give_back(place: tuple[str, str]) -> None:
    st.session_state.checkpoints.pop(place, None)
