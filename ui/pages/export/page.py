"""The page Export: many photographs in, a ZIP of figures, tables and a gallery out, also after the browser was closed."""

import csv
from functools import partial
from itertools import pairwise
from pathlib import Path

import streamlit as st

from cam import METHODS
from cam.export.keys import FORMATS, LABEL, WRITES
from models.home import SAMPLES as SAMPLE_FOLDER
from models.images import list_images
from ui import session
from ui.messages import complain, errors_shown, plain, say_later, say_what_is_pending, sentence
from ui.options import class_labels, class_words, devices
from ui.pages.export import jobs
from ui.pages.export.download import download
from ui.pages.export.jobs import FAILED, FINISHED, RUNNING, STOPPED, Job
from ui.photographs import Photograph
from ui.uploads import TYPES

ONE_LINE = "Many photographs at once: figures for a paper, maps and tables for an audit, a gallery to browse."
UPLOADS, SAMPLES, FOLDER = "My photographs", "The samples", "A folder on this machine"
SAME, OWN, OF_FOLDER = "Same class", "Each its own", "Name of the folder"
TARGETS = {SAME: "shared", OWN: "own", OF_FOLDER: LABEL}
WRITE_WORDS = {"figure": "Figures", "panels": "Panels", "overlays": "Overlays", "maps": "Raw maps"}
STYLE_WORDS = {"overlay": "Overlay", "paper": "Paper style"}
WIDTH_WORDS = {"page": "Page, 7 in", "column": "Column, 3.3 in"}
STYLE = """<style>
[data-testid=stMainBlockContainer] { padding-inline: clamp(1rem, 2vw, 2rem) }
.st-key-introduction :is(h1, p) { margin: 0; padding: 0; line-height: 1.3 }
.st-key-introduction { padding-bottom: 0.4rem }
</style>"""


def page() -> None:
    """Choices on the left, what becomes of them on the right."""
    st.html(STYLE)
    with st.container(key="introduction", horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown("# Export", width="content")
        st.markdown(ONE_LINE, width="content")
    left, right = st.columns([2, 3], gap="large")
    with left, errors_shown():
        job = choices()
        button(job)
    with right, errors_shown():
        say_what_is_pending()
        outcome(jobs.job_named(st.query_params.get("job", "")))


# --------------------------------------------------------------------------------------------------------- what is chosen


def choices() -> partial[Job] | None:
    """What to export and how; a function that makes the job, or None while something is missing."""
    local = session.local_files_allowed()
    places = [UPLOADS, SAMPLES, FOLDER] if local else [UPLOADS, SAMPLES]
    place = st.segmented_control("Photographs", places, default=UPLOADS, required=True, key="place")
    files, source, out = [], "", ""
    if place == UPLOADS:
        files = st.file_uploader("Photographs", TYPES, True, key="photographs-to-export", label_visibility="collapsed")
    elif place == FOLDER and local:
        source = st.text_input("Folder, pattern or list (.txt)", key="source", placeholder="/data/photographs").strip()
        if source and Path(source).is_dir():
            st.caption(f"{len(list_images(source)):,} photographs")
        beside = f"{source.rstrip('/')}-figures" if source and not source.endswith(".txt") and "*" not in source else ""
        out = st.text_input("Write into", value=beside, placeholder="/data/photographs-figures").strip()
    options = setting(place)
    if place == FOLDER and local:
        return partial(jobs.job_of_folder, source, out, options) if source and out else None
    if place == SAMPLES:
        return partial(jobs.job_of_folder, str(SAMPLE_FOLDER), None, options)
    photographs = [Photograph.of(file.name, file.getvalue()) for file in files or []]
    return partial(jobs.job_of_uploads, photographs, options) if photographs else None


def setting(place: str) -> list[str]:
    """Options of the command."""
    write = st.pills(
        "Files", WRITES, selection_mode="multi", default=["figure"], key="write", format_func=WRITE_WORDS.__getitem__
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    study = left.selectbox(
        "Study", session.STUDIES, session.STUDIES.index(session.DEFAULT_STUDY), _title, "study", bind="query-params"
    )
    method = right.selectbox("Method", list(METHODS), 0, _method, "method", bind="query-params")
    classes = [SAME, OWN] + [OF_FOLDER] * (place == FOLDER) + list(class_labels(study))
    left, right = st.columns(2, vertical_alignment="bottom")
    target = left.selectbox("Class", classes, key="export-target", format_func=class_words)
    with right.popover("Settings", icon=":material/tune:", width="stretch"):
        more = appearance() + selection(study)
    target = TARGETS.get(target) or str(class_labels(study)[target])
    chosen = ["--study", study, "--method", method, "--target", target, "--write", ",".join(write) or "figure"]
    return chosen + more


def appearance() -> list[str]:
    """How figures look."""
    kind = st.segmented_control(
        "Format of figures", FORMATS, default="png", required=True, key="format", format_func=str.upper
    )
    style = st.segmented_control(
        "Style", list(STYLE_WORDS), default="overlay", required=True, key="style", format_func=STYLE_WORDS.__getitem__
    )
    width = st.segmented_control(
        "Width", list(WIDTH_WORDS), default="page", required=True, key="width", format_func=WIDTH_WORDS.__getitem__
    )
    dpi = st.select_slider(
        "Pixels per inch", [100, 150, 200, 300, 600], value=200, key="dpi", disabled=kind in ("pdf", "svg")
    )
    clear = st.toggle("Transparent background", key="transparent")
    words = ["--format", kind, "--style", style, "--width", width, "--dpi", str(dpi)]
    return words + ["--transparent"] * clear


def selection(study: str) -> list[str]:
    """Which variants, and on what."""
    known = session.study_named(study).variants
    keys = [key for key in known if known[key].source]
    chosen = st.pills(
        "Variants",
        keys,
        selection_mode="multi",
        default=keys,
        bind="query-params",
        key="variants",
        format_func=lambda key: known[key].label,
    )
    device = st.segmented_control("Device", devices(), default="auto", required=True, key="device")
    only = [] if not chosen or list(chosen) == keys else ["--variants", ",".join(key for key in keys if key in chosen)]
    return [*only, "--device", device]


def _title(name: str) -> str:
    return session.study_named(name).title


def _method(name: str) -> str:
    return METHODS[name].label


def button(job: partial[Job] | None) -> None:
    """Start, once there is something to export."""
    st.button(
        "Start the export",
        type="primary",
        icon=":material/play_arrow:",
        disabled=job is None,
        on_click=_begin,
        args=(job,),
    )


def _begin(make: partial[Job]) -> None:
    try:
        job = make()
        jobs.start(job)
        st.query_params["job"] = job.key
    except (ValueError, OSError) as error:
        say_later(sentence(error))


# ---------------------------------------------------------------------------------------------------- what becomes of it


def outcome(job: Job | None) -> None:
    """How far the job of this page is, or what there would be to see."""
    if job is None:
        return nothing()
    st.caption(f"This export: {plain(asked(job))}")
    state = jobs.state_of(job)
    if state == RUNNING:
        running(job)
    elif state == FINISHED:
        finished(job)
    else:
        broken_off(job, state)


def asked(job: Job) -> str:
    """What a job was asked for, also one that a link leads back to."""
    given = {words: value for words, value in pairwise(job.words) if words.startswith("--")}
    study, method = given.get("--study", session.DEFAULT_STUDY), given.get("--method", "cam")
    target = given.get("--target", "shared")
    words = {value: name for name, value in TARGETS.items()}.get(target)
    if words is None:
        words = {str(index): label for label, index in class_labels(study).items()}.get(target, target)
    files = [WRITE_WORDS[one].lower() for one in given.get("--write", "figure").split(",") if one in WRITE_WORDS]
    return " · ".join([_title(study), _method(method), words, ", ".join(files), given.get("--format", "png").upper()])


def nothing() -> None:
    """An empty page says what it is for."""
    with st.container(border=True, gap="small"):
        st.markdown("#### What you get")
        st.markdown(
            "- a **figure** of every photograph, all variants side by side, as PNG, WebP, PDF or SVG\n"
            "- every **panel** or transparent **overlay** alone, and the **raw maps** as arrays\n"
            "- **predictions** of every variant and measurements, as CSV and Parquet\n"
            "- a **gallery** that opens in any browser, offline, and a contact sheet"
        )
        st.caption(
            "An export goes on when this page is closed; its address leads back to it. Whatever was interrupted goes on "
            "where it was. For more photographs than a browser likes to carry there is `python -m cam export`."
        )


@st.fragment(run_every=1.0)
def running(job: Job) -> None:
    """Progress, refreshed every second."""
    if jobs.state_of(job) != RUNNING:
        st.rerun()
    told = jobs.progress_of(job)
    with st.container(border=True):
        st.markdown("#### Exporting" if told.finished else "#### Loading the networks")
        st.progress(told.finished / told.total if told.total else 0.0, told.words())
        st.caption("You may close this page. Its address leads back here.")
        st.button("Cancel", icon=":material/stop:", on_click=_cancel, args=(job,))


def _cancel(job: Job) -> None:
    try:
        jobs.cancel(job)
    except ValueError as error:
        say_later(sentence(error))
    else:
        say_later("The export ends with the photographs in hand; what is done is kept. Go on takes up the others.")


def finished(job: Job) -> None:
    """The ZIP, what failed, and the contact sheet."""
    failures = _failures(job)
    told = jobs.progress_of(job)
    with st.container(border=True):
        st.markdown(f"#### {_counted(told.total - len(failures))} exported")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            download(job)
            st.button("Start another", icon=":material/add:", on_click=_leave)
        if not job.own:
            st.caption(
                f"It lies in the folder {plain(job.out.name)} that you named; `index.html` there is the gallery."
            )
        if failures:
            with st.expander(f"{_counted(len(failures))} failed", icon=":material/error:"):
                st.dataframe(failures, hide_index=True)
                st.button("Try them again", on_click=_retry, args=(job,))
    st.image(str(job.out / "contact-sheet.jpg"), caption="Contact sheet", alt="The first figures of this export, small")


def _counted(count: int) -> str:
    return f"{count:,} photograph{'' if count == 1 else 's'}"


def _failures(job: Job) -> list[dict[str, str]]:
    with open(job.out / "predictions.csv", newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["status"] == "failed"]
    return [{"Photograph": row["image"], "Reason": row["reason"]} for row in rows]


def broken_off(job: Job, state: str) -> None:
    """Cancelled, interrupted or failed: why, and the way on."""
    told = jobs.progress_of(job)
    with st.container(border=True):
        st.markdown("#### Stopped" if state == STOPPED else "#### The export could not go on")
        if state == FAILED:
            complain(jobs.reason(job))
        else:
            st.markdown(f"{told.finished:,} of {told.total:,} photographs are done and kept; Go on makes the others.")
        with st.container(horizontal=True, gap="small"):
            st.button("Go on", type="primary", icon=":material/play_arrow:", on_click=_go_on, args=(job,))
            st.button("Start another", icon=":material/add:", on_click=_leave)


def _go_on(job: Job) -> None:
    _begin(partial(lambda: job))


def _retry(job: Job) -> None:
    _begin(partial(jobs.again, job))


def _leave() -> None:
    st.query_params.pop("job", None)


page()
