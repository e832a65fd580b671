"""The figure, images by variants, and everything that can be chosen about it."""

from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cam import Comparison
from models.outputs import SOFTMAX
from ui import session, uploads
from ui.address import lecturing, scene_number
from ui.components.viewer import pack, packed_paper, packed_parts, viewer
from ui.elsewhere import Answer, known_elsewhere
from ui.messages import Said, complain, errors_shown, inform, plain, say_what_is_pending, sentence
from ui.pages.compare import controls
from ui.pages.compare.answers import answers
from ui.pages.compare.controls import Selection
from ui.pages.compare.downloads import downloads
from ui.pages.compare.first_sight import Places
from ui.pages.compare.links import check_link
from ui.parts import not_a_sum, parts_of
from ui.photographs import Photograph, picture
from ui.session import Choice

UNSURE = 0.2
PATIENCE = {"scorecam": " through one channel after the other: minutes for each photograph on a CPU"}
Row = tuple[Photograph, Comparison]


def explore(places: Places) -> None:
    """Fill the page's parts: controls, figure and answers."""
    with places.messages, errors_shown():
        uploads.chosen()
        check_link()
        controls.take_carried_study()
        settings = controls.toolbar(places.tools)
        say_what_is_pending()
        rows, missing, stopped = look(settings, places.waiting)
        if rows or not stopped:
            draw(rows, missing, settings, places.figure)
        with places.tools:
            downloads(rows, settings)
        if rows:
            controls.suggest_classes(rows[0][1])
        say_if_unsure(rows, settings.study)
        say_what_was_stretched(rows)
        with places.answers:
            guesses(rows, settings)
    uploads.write_link()


def look(settings: Selection, waiting: DeltaGenerator) -> tuple[list[Row], dict[str, tuple[str, str]], bool]:
    """Run the networks that load on the photographs that open; of the others one sentence each, and whether a visitor
    stopped it."""
    with st.spinner("Loading the networks' weights"):
        networks, failed = session.networks(controls.choices(settings))
    labels = {key: variant.label for key, variant in session.study_named(settings.study).variants.items()}
    missing = {key: (labels[key], sentence(error)) for key, error in failed.items() if key in settings.variants}
    rows: list[Row] = []
    problems: list[str] = []
    stopped = False
    for photograph in uploads.chosen():
        try:
            with st.spinner(
                f"Looking at {plain(photograph.name)}{PATIENCE.get(settings.question.method, '')}",
                show_time=settings.question.method in PATIENCE,
            ):
                rows += explained(tuple(networks), photograph, settings)
        except Said:
            stopped = True
        except Exception as error:  # the others still show
            problems.append(sentence(error))
    for words in dict.fromkeys(problems):
        complain(words)
    waiting.empty()
    st.session_state.looked = True
    return rows, missing, stopped


def explained(choices: tuple[Choice, ...], photograph: Photograph, settings: Selection) -> list[Row]:
    """The row of one photograph, with maps of the class and method asked for; none where no variant is shown."""
    keys = tuple(choice.key for choice in choices if choice.key in settings.variants)
    if not keys:
        return []
    return [(photograph, session.explained(choices, keys, photograph.digest, settings.question, photograph))]


def draw(rows: list[Row], missing: dict[str, tuple[str, str]], settings: Selection, figure: DeltaGenerator) -> None:
    """The viewer, or what to do where there is nothing to view."""
    if not rows:
        return nothing(missing, figure)
    pictures = [picture(photograph.digest, settings.question.view, photograph) for photograph, _ in rows]
    digests, order = [photograph.digest for photograph, _ in rows], list(session.study_named(settings.study).variants)
    elsewhere = [known(photograph, row, settings) for photograph, row in rows]
    data = pack([row for _, row in rows], digests, pictures, missing, order, elsewhere)
    data |= {"lecture": lecturing(), "uploads": sum(not photograph.sample for photograph, _ in rows)}
    data |= {"theirs": packed_paper(), "scene": scene_number(), "look": st.query_params.get("look")}
    data |= {
        "apart": apart(rows, settings),
        "whole": sentence(ValueError(why)) if (why := not_a_sum(settings.question)) else "",
    }
    with figure:
        viewer(
            data,
            on_apart=lambda: st.session_state.update(apart=st.session_state.viewer.apart),
            on_remove=lambda: uploads.remove(st.session_state.viewer.remove),
            on_study=lambda: controls.choose_study(st.session_state.viewer.study),
        )


def apart(rows: list[Row], settings: Selection) -> dict[str, Any] | None:
    """The map that the large view takes apart, if it asks for one of those shown."""
    asked: Any = st.session_state.get("apart")
    if not isinstance(asked, dict) or not_a_sum(settings.question):
        return None
    found = next((one for one in rows if one[0].digest == asked.get("digest")), None)
    if found is None or asked.get("key") not in found[1].variants:
        return None
    photograph, key = found[0], asked["key"]
    choices = tuple(session.networks(controls.choices(settings))[0])
    try:
        parts = parts_of(choices, key, photograph.digest, settings.question, photograph)
    except ValueError as error:
        return {"digest": photograph.digest, "key": key, "words": sentence(error)}
    chosen = next(choice for choice in choices if choice.key == key)
    return {
        "digest": photograph.digest,
        "key": key,
        "count": parts.count,
        "logit": parts.logit,
        "field": session.network(chosen).receptive_field,
        **packed_parts(parts),
    }


def known(photograph: Photograph, row: Comparison, settings: Selection) -> Answer | None:
    """Which other study knows a photograph that may show none of this one's classes."""
    if row.out_of_class != [True]:
        return None
    networks, _ = session.networks(controls.choices(settings))
    return known_elsewhere(tuple(networks), settings.question.view, photograph)


def nothing(missing: dict[str, tuple[str, str]], figure: DeltaGenerator) -> None:
    """An empty page says why it is empty and what fills it."""
    with figure, st.container(border=True, gap="small"):
        if not uploads.chosen():
            st.markdown("#### No photograph yet")
            st.markdown("Choose a sample or bring your own under **Photographs**, above.")
            st.button("Show three samples", on_click=uploads.start_again)
        elif missing:
            st.markdown("#### None of these networks is here")
            st.markdown("\n".join(f"- **{plain(label)}.** {plain(words)}" for label, words in missing.values()))
            st.markdown("Bring checkpoints of your own under **Settings**, or choose another study.")
            with st.container(horizontal=True):
                study = session.DEFAULT_STUDY
                st.button("Show the study that comes with the app", on_click=controls.choose_study, args=(study,))
                st.button("Try again", on_click=session.forget_failures)
        else:
            st.markdown("#### Nothing to show")
            st.markdown("Choose at least one variant under **Settings**, and a photograph that opens.")


def say_if_unsure(rows: list[Row], study: str) -> None:
    """A photograph that no variant recognises may show something outside the study's classes; where nobody measured how
    that is told, which its row would say."""
    unsure = [photograph.name for photograph, row in rows if row.out_of_class is None and _no_class_likely(row)]
    if not unsure:
        return
    names, classes = " and ".join(unsure), len(rows[0][1].categories)
    with st.container(horizontal=True, vertical_alignment="center"):
        inform(
            f"No network here is sure what {names} shows: no class above {UNSURE:.0%}. "
            f"It may be none of this study's {classes} classes; the maps show what speaks for the class all the same.",
            ":material/help:",
        )
        if session.categories(study) != session.categories(session.DEFAULT_STUDY):
            st.button(
                "Ask the networks that know ImageNet's classes",
                on_click=controls.choose_study,
                args=(session.DEFAULT_STUDY,),
            )


def say_what_was_stretched(rows: list[Row]) -> None:
    """Of photographs that were read otherwise than they were stored."""
    for photograph, row in rows:
        if any(row.notes):
            inform(f"{photograph.name}: {row.notes[0]}.", ":material/contrast:")


def _no_class_likely(row: Comparison) -> bool:
    """Of classes of which one is shown; where each stands for itself, none of them is an answer too."""
    return row.outputs == SOFTMAX and all(row.probabilities(key).max() < UNSURE for key in row.logits)


def guesses(rows: list[Row], settings: Selection) -> None:
    """The first five guesses of every variant for one of the photographs."""
    if not rows:
        return
    place = 0
    if len(rows) > 1:
        names = [plain(photograph.name.replace("-", " "), 60) for photograph, _ in rows]
        question = "What the networks take it for"
        place = st.segmented_control(
            question, range(len(rows)), default=0, required=True, format_func=names.__getitem__
        )
    answers(rows[place or 0][1], lambda index: controls.choose_class(index, settings.study))
