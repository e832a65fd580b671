"""Between pages and library: studies, networks and comparisons that outlive a rerun and are shared by all visitors.

They are cached by ``ui.shared``, not by Streamlit, and keyed by content: a network by its study, key, device and the sha256
of a file that replaces its weights, an image by the sha256 of its bytes.
"""

import os
import sys
import tempfile
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import streamlit as st
from streamlit.runtime.scriptrunner import add_script_run_ctx, get_script_run_ctx

from cam import Comparison, compare
from cam.compare import ask, features_suffice
from cam.evaluation.deletion_film import DeletionFilm, deletion_film
from cam.evaluation.pointing_game import PointingGame, play
from cam.figures.display import Display
from cam.figures.figure import save_figure
from cam.measures.masks import InstanceMask, read_masks
from cam.question import Question
from models import Network, Study, load_study
from models.home import SAMPLES as SAMPLE_FOLDER
from models.network import device_name
from models.studies import DEFAULT_STUDY, STUDIES, StudyError
from ui.checkpoints import plain_checkpoint
from ui.photographs import Photograph, opened, views_of
from ui.shared import shared
from ui.turns import my_turn

__all__ = ["DEFAULT_STUDY", "STUDIES", "Choice"]

RETRY_AFTER = 120.0  # seconds
LOCAL_FILES = "--local-files"  # streamlit run app.py -- --local-files
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class Choice(NamedTuple):
    """Which network: a variant of a study on a device, or a checkpoint in its place, with the sha256 of that file."""

    study: str
    key: str
    device: str
    checkpoint: str = ""
    digest: str = ""


def _always(*_: object) -> bool:
    """Results are dropped when the visitors who asked for them have left."""
    return True


@shared()
def study_named(name: str) -> Study:
    """A study's manifest."""
    return load_study(name)


def linked_study() -> Study:
    """The study that the address bar names, or the default."""
    titles = {study_named(name).title: name for name in STUDIES}
    return study_named(titles.get(st.query_params.get("study", ""), DEFAULT_STUDY))


@shared(24, personal=lambda choice: bool(choice.checkpoint))
def network(choice: Choice) -> Network:
    """One network, loaded once for all visitors; one that falls out of the cache stays in memory while it is in use.

    A device with several names holds it once.
    """
    named = choice._replace(device=device_name(choice.device))
    if named != choice:
        return network(named)
    study = study_named(choice.study)
    if choice.checkpoint:
        study = study.with_checkpoint(choice.key, plain_checkpoint(choice.checkpoint, choice.digest))
    return study.load(choice.key, choice.device)


@shared()
def _failures() -> dict[Choice, tuple[float, StudyError]]:
    """Weights whose download failed, and when: they are not requested again at every rerun."""
    return {}


def forget_failures() -> None:
    """Request all weights again; for a button."""
    _failures().clear()


def _network(choice: Choice) -> Network:
    """The network; raises the earlier error at once when its download failed within the last ``RETRY_AFTER`` seconds."""
    when, error = _failures().get(choice, (-RETRY_AFTER, None))
    if error is not None and time.monotonic() - when < RETRY_AFTER:
        raise error
    try:
        return network(choice)
    except StudyError as error:
        if not choice.checkpoint and "torchvision" in study_named(choice.study).variant(choice.key).source:
            _failures()[choice] = (time.monotonic(), error)
        raise


def networks(choices: list[Choice]) -> tuple[dict[Choice, Network], dict[str, Exception]]:
    """The networks that load, and for each other key the error."""
    loaded: dict[Choice, Network] = {}
    failed: dict[str, Exception] = {}
    asking = (None, get_script_run_ctx())  # so that threads, too, know which visitor asks
    with ThreadPoolExecutor(max(1, os.cpu_count() or 1), "network", add_script_run_ctx, asking) as pool:
        for choice, result in [(choice, pool.submit(_network, choice)) for choice in choices]:
            try:
                loaded[choice] = result.result()
            except Exception as error:  # the page shows expected errors and logs the others
                failed[choice.key] = error
    return loaded, failed


@shared(64, personal=_always)
def comparison(choices: tuple[Choice, ...], digest: str, view: str, _photograph: Photograph) -> Comparison:
    """All networks on one image; other classes and methods follow from the result without running them again.

    Its maps are GradCAM's, which are CAM's where a classifier has one linear layer, and exist where one has several.

    Raises:
        ImageError: the photograph cannot be decoded.
        StudyError, CheckpointError: weights cannot be loaded any more.
    """
    chosen = {choice.key: network(choice) for choice in choices}
    seen = compare(chosen, [views_of(_photograph, view, chosen)], "gradcam", "own", view)
    return replace(seen, names=[_photograph.name])


def runs_again(chosen: Mapping[str, Network], question: Question) -> bool:
    """Whether these networks run again for the answer to a question, beyond the one pass of ``comparison``.

    Raises:
        ValueError: the method has no maps of one of the networks.
    """
    return question.flip or not features_suffice(chosen, question)


@shared(128, personal=_always)
def explained(
    choices: tuple[Choice, ...], keys: tuple[str, ...], digest: str, question: Question, _photograph: Photograph
) -> Comparison:
    """The comparison of the variants ``keys`` for one question, without features; in turn where networks run again.

    Raises:
        ValueError: the method or layer has no maps for such a target; and the errors of ``comparison``.
    """
    chosen = {choice.key: network(choice) for choice in choices if choice.key in keys}
    if runs_again(chosen, question):
        with my_turn(f"{question}", digest):
            found = ask(chosen, [views_of(_photograph, question.view, chosen)], question)
        return replace(found, names=[_photograph.name], evidence={})
    everything = comparison(choices, digest, question.view, _photograph)
    parts = ("variants", "maps", "logits", "others", "class_idx", "evidence")
    selected: dict[str, Any] = {
        part: {k: v for k, v in getattr(everything, part).items() if k in keys} for part in parts
    }
    return replace(replace(everything, **selected).explain(question.target, question.method), evidence={})


@shared()
def categories(study: str) -> list[str]:
    """Class names of a study, in the order of the logits.

    Raises:
        StudyError: the study lists none, and no network of it loads.
    """
    manifest = study_named(study)
    if manifest.categories is not None:
        return manifest.categories
    loaded, failed = networks([Choice(study, key, "auto") for key in manifest.variants])
    if not loaded:
        raise next(iter(failed.values()))
    return list(next(iter(loaded.values())).categories)


@shared()
def sample_masks(study: str) -> dict[str, InstanceMask]:
    """The object masks of the samples, by the sample's name; none where the study has another label set."""
    try:
        return {path.stem: mask for path, mask in read_masks(SAMPLE_FOLDER, categories(study)).items()}
    except ValueError:
        return {}


def seen_class(study: str, photograph: Photograph) -> int:
    """The class that most networks of a study see in a photograph."""
    loaded, failed = networks([Choice(study, key, "auto") for key in study_named(study).variants])
    if not loaded:
        raise next(iter(failed.values()))
    seen = comparison(tuple(loaded), photograph.digest, "square", photograph).explain("shared")
    return int(next(iter(seen.class_idx.values()))[0])


@shared(16, personal=_always)
def pointing_game(
    choices: tuple[Choice, ...],
    digests: tuple[str, ...],
    kinds: tuple[tuple[int, ...], ...],
    layout: str,
    question: Question,
    _photographs: tuple[Photograph, ...],
) -> PointingGame:
    """The pointing game of the networks on a mosaic of photographs."""
    chosen = {choice.key: network(choice) for choice in choices}
    with my_turn(f"mosaic {digests}"):
        return play(chosen, [opened(one) for one in _photographs], kinds, layout, question)


@shared(16, personal=_always)
def film(choice: Choice, digest: str, question: Question, _photograph: Photograph) -> DeletionFilm:
    """Deletion and insertion: a photograph's pixels vanish and appear in the order of one network's map."""
    chosen = network(choice)
    with my_turn(f"film {choice.key} {question} {digest}"):
        return deletion_film(chosen, opened(_photograph), None, question)


def serves_this_machine_only() -> bool:
    """Whether the server listens on loopback, so that a visitor may upload checkpoints."""
    return st.get_option("server.address") in LOOPBACK


def local_files_allowed() -> bool:
    """Whether a visitor may name files of this machine: on loopback, and only if the server was started with ``LOCAL_FILES``.

    Loopback alone does not prove who asks: on a machine with several users, any of them can reach the server.
    """
    return serves_this_machine_only() and LOCAL_FILES in sys.argv[1:]


def figure_file(comparison: Comparison, suffix: str, display: Display) -> bytes:
    """The figure as the bytes of a .png, .pdf, .svg or .npz file."""
    with tempfile.TemporaryDirectory(prefix="compound-cam-") as folder:
        path = Path(folder, f"figure{suffix}")
        if suffix == ".npz":
            comparison.save(path)
        else:
            save_figure(comparison, path, display)
        return path.read_bytes()
