"""The first page: the figure, images by variants, and everything that can be chosen about it."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from cam import Comparison
from cam.targets import softmax
from ui import controls, photographs, session
from ui.answers import answers
from ui.controls import Settings
from ui.lecture.stage import lecturing, scene_number
from ui.links import check_link
from ui.sentences import said, say_what_is_pending, sentence
from ui.session import Choice, Photograph
from ui.viewer import pack, packed_paper, viewer

UNSURE = 0.2
ONE_LINE = "A row for each photograph, a column for each network; bright places speak for the class."
STYLE = """<style>
[data-testid=stMainBlockContainer] { padding-inline: clamp(1rem, 2vw, 2rem) }
.st-key-introduction :is(h1, p) { margin: 0; padding: 0; line-height: 1.3 }
.st-key-introduction { padding-bottom: 0.4rem }
.st-key-answers .annotation-text { fill: currentColor !important }
</style>"""
HIDDEN = "<style>.st-key-controls, .st-key-answers { display: none }</style>"
PATIENCE = {"scorecam": " through one channel after the other: minutes for each photograph on a CPU"}
Row = tuple[Photograph, Comparison]


def page() -> None:
    """Everything, from top to bottom."""
    lecture = lecturing()
    if not lecture:
        introduction()
        tools = toolbar_place()
    messages, waiting, figure, below = st.container(), st.empty(), st.container(), st.container(key="answers")
    if lecture:
        tools = toolbar_place()  # out of sight, because its widgets hold what the link chose
    st.html(STYLE + HIDDEN * lecture)
    with messages, said():
        photographs.chosen()
        check_link()
        controls.take_carried_study()
        settings = controls.toolbar(tools)
        say_what_is_pending()
        rows, missing = look(settings, waiting)
        draw(rows, missing, settings, figure, lecture)
        controls.downloads(tools, rows)
        if rows:
            controls.suggest_classes(rows[0][1])
        say_if_unsure(rows, settings.study)
        with below:
            guesses(rows, settings)
    photographs.write_link()


def toolbar_place() -> DeltaGenerator:
    """The row that holds the controls."""
    return st.container(horizontal=True, vertical_alignment="bottom", gap="small", key="controls")


def introduction() -> None:
    """One line that says what this is."""
    with st.container(key="introduction", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("# Where do scaled EfficientNets look?", width="content")
        st.markdown(ONE_LINE, width="content")


def look(settings: Settings, waiting: DeltaGenerator) -> tuple[list[Row], dict[str, tuple[str, str]]]:
    """Run the networks that load on the photographs that open; of the others one sentence each."""
    if "looked" not in st.session_state:
        waiting.skeleton(height=420)
    with st.spinner("Loading the weights of five networks"):
        networks, failed = session.networks(controls.choices(settings))
    labels = {key: variant.label for key, variant in session.study_named(settings.study).variants.items()}
    missing = {key: (labels[key], sentence(error)) for key, error in failed.items() if key in settings.variants}
    rows: list[Row] = []
    problems: list[str] = []
    for photograph in photographs.chosen():
        try:
            with st.spinner(
                f"Looking at {photograph.name}{PATIENCE.get(settings.method, '')}",
                show_time=settings.method in PATIENCE,
            ):
                rows += explained(tuple(networks), photograph, settings)
        except Exception as error:  # the others still show
            problems.append(sentence(error))
    for words in dict.fromkeys(problems):
        st.error(words, icon=":material/error:")
    waiting.empty()
    st.session_state.looked = True
    return rows, missing


def explained(choices: tuple[Choice, ...], photograph: Photograph, settings: Settings) -> list[Row]:
    """The row of one photograph, with maps of the class and method asked for; none where no variant is shown."""
    keys = tuple(choice.key for choice in choices if choice.key in settings.variants)
    if not keys:
        return []
    asked = (photograph.digest, settings.view, settings.target, settings.method, settings.layer, settings.flip)
    return [(photograph, session.explained(choices, keys, *asked, photograph))]


def draw(
    rows: list[Row], missing: dict[str, tuple[str, str]], settings: Settings, figure: DeltaGenerator, lecture: bool
) -> None:
    """The viewer, or what to do where there is nothing to view."""
    if not rows:
        return nothing(missing, figure)
    pictures = [session.picture(photograph.digest, settings.view, photograph) for photograph, _ in rows]
    data = pack([row for _, row in rows], [photograph.digest for photograph, _ in rows], pictures, missing)
    data |= {"lecture": lecture, "uploads": sum(not photograph.sample for photograph, _ in rows)}
    data |= {"theirs": packed_paper(), "scene": scene_number(), "look": st.query_params.get("look")}
    with figure:
        viewer(data, on_remove=lambda: photographs.remove(st.session_state.viewer.remove))


def nothing(missing: dict[str, tuple[str, str]], figure: DeltaGenerator) -> None:
    """An empty page says why it is empty and what fills it."""
    with figure, st.container(border=True, gap="small"):
        if not photographs.chosen():
            st.markdown("#### No photograph yet")
            st.markdown("Choose a sample or bring your own under **Photographs**, above.")
            st.button("Show three samples", on_click=photographs.start_again)
        elif missing:
            st.markdown("#### None of these networks is here")
            st.markdown("\n".join(f"- **{label}.** {words}" for label, words in missing.values()))
            st.markdown("Bring checkpoints of your own under **Settings**, or choose another study.")
            with st.container(horizontal=True):
                study = session.DEFAULT_STUDY
                st.button("Show the study that came along", on_click=controls.choose_study, args=(study,))
                st.button("Try again", on_click=session.forget_failures)
        else:
            st.markdown("#### Nothing to show")
            st.markdown("Choose at least one variant under **Settings**, and a photograph that opens.")


def say_if_unsure(rows: list[Row], study: str) -> None:
    """A photograph that no variant recognises may show something outside the study's classes."""
    unsure = [
        photograph.name for photograph, row in rows if all(softmax(v).max() < UNSURE for v in row.logits.values())
    ]
    if not unsure:
        return
    names, classes = " and ".join(unsure), len(rows[0][1].categories)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.info(
            f"No network here is sure what {names} shows: no class above {UNSURE:.0%}. "
            f"It may be none of this study's {classes} classes; the maps show what speaks for the class all the same.",
            icon=":material/help:",
        )
        if not study.startswith("imagenet"):
            st.button("Ask the ImageNet study", on_click=controls.choose_study, args=("imagenet-lite",))


def guesses(rows: list[Row], settings: Settings) -> None:
    """The first five guesses of every variant for one of the photographs."""
    if not rows:
        return
    place = 0
    if len(rows) > 1:
        names = [photograph.name.replace("-", " ") for photograph, _ in rows]
        question = "What the networks take it for"
        place = st.segmented_control(
            question, range(len(rows)), default=0, required=True, format_func=names.__getitem__
        )
    answers(rows[place or 0][1], lambda index: controls.choose_class(index, settings.study))


page()
