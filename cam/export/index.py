"""Write one table, one contact sheet and one gallery once every image has its record; the same records give the same bytes."""

import csv
import io
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image, ImageDraw

from cam.export.gallery import Gallery, Heading
from cam.export.items import Item, printable_path
from cam.export.ledger import OK, Done, ImageRecord, Ledger
from cam.export.rendering import THUMBNAILS
from cam.export.rows import MEASURES, TOP, Row
from cam.figures.layout import GREY, INK, font, printable, shortened
from models.files import atomic_write, read_file
from models.images import MAX_FILE_BYTES

BOX = Image.Resampling.BOX
CHUNK = 1000  # images in one row group
SHEET, SHEET_COLUMNS, STRIP_HEIGHT = 240, 3, 96
TEXTS = ("image", "figure", "variant", "status", "error", "reason", "explained")
CLASSES = tuple(f"{kind}_{place}" for place in range(1, TOP + 1) for kind in ("class", "probability"))
SCHEMA = pa.schema(
    [(name, pa.string()) for name in TEXTS]
    + [("probability", pa.float64())]
    + [(name, pa.string() if name.startswith("class") else pa.float64()) for name in CLASSES]
    + [(name, pa.float64()) for name in MEASURES]
    + [("out_of_class", pa.bool_()), ("remark", pa.string()), ("batch", pa.int64())]
    + [("device", pa.string()), ("engine", pa.string())]
)


def write_index(items: Sequence[Item], ledger: Ledger, heading: Heading) -> int | None:
    """Write contact-sheet.jpg, predictions.parquet, predictions.csv and finally index.html, if every item has a record.

    Any rank may do this, even several at once. Records are read one by one, so that memory does not grow with their number.

    Returns:
        How many items failed; None where an item has no record yet, and nothing is written.
    """
    ledger.refresh()
    outcomes = [record and record.status for record in (ledger.current(item.relative) for item in items)]
    if None in outcomes:
        return None
    done = [item for item, outcome in zip(items, outcomes, strict=True) if outcome == OK]
    _write_sheet(ledger.out, _spread(done, SHEET), heading)
    with ExitStack() as stack:
        gallery = Gallery(stack.enter_context(atomic_write(ledger.out / "index.html")), heading)
        plain = stack.enter_context(atomic_write(ledger.out / "predictions.csv"))
        table = stack.enter_context(atomic_write(ledger.out / "predictions.parquet"))
        parquet = stack.enter_context(pq.ParquetWriter(table, SCHEMA, compression="zstd"))
        plain.write(_csv([], header=True))
        entries = ((item, record) for item in items if (record := ledger.current(item.relative)))
        while chunk := list(islice(entries, CHUNK)):
            rows = [row for item, record in chunk for row in table_rows(item, record)]
            parquet.write_table(pa.Table.from_pylist(rows, SCHEMA))
            plain.write(_csv(rows))
            for item, record in chunk:
                gallery.add(item, record)
        gallery.finish()
    return len(items) - len(done)


def table_rows(item: Item, record: ImageRecord) -> Iterator[dict]:
    """One row for each variant of an image, or a single row that says why there are none."""
    shared: dict = {"image": printable_path(item.relative), "status": record.status}
    if isinstance(record, Done):
        shared |= {name: getattr(record, name) for name in ("batch", "device", "engine")}
        shared |= {"remark": record.remark or None}
        shared |= {"figure": next((name for name in record.files if name.startswith("figures/")), None)}
    else:
        shared |= {"error": record.error, "reason": record.reason}
    rows = record.rows if isinstance(record, Done) else []
    for found in [_columns(row) for row in rows] or [{}]:
        yield {name: None for name in SCHEMA.names} | shared | found


def _columns(row: Row) -> dict:
    """What a table holds of one variant."""
    found = {name: getattr(row, name) for name in ("variant", "explained", "probability", "out_of_class")}
    for place, (name, probability) in enumerate(zip(row.classes[:TOP], row.probabilities, strict=False), 1):
        found |= {f"class_{place}": name, f"probability_{place}": probability}
    return found | {name: row.measures.get(name) for name in MEASURES}


def _csv(rows: list[dict], header: bool = False) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, SCHEMA.names, lineterminator="\n")
    if header:
        writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode("utf-8", "replace")


def _spread(items: list[Item], most: int) -> list[Item]:
    """At most ``most`` of the items, evenly spaced."""
    count = min(len(items), most)
    return [items[place * len(items) // count] for place in range(count)]


def _strip(path: Path) -> Image.Image:
    """The strip of an image's small panels.

    Raises:
        ValueError: the file is damaged; a run with --verify makes it again.
    """
    try:
        with Image.open(io.BytesIO(read_file(path, MAX_FILE_BYTES)), formats=("JPEG",)) as strip:
            strip.load()
            return strip.convert("RGB")
    except Exception as error:  # damaged bytes make Pillow raise almost anything
        raise ValueError(f"the thumbnail {path} is damaged; run the same command with --verify to repair it") from error


def _write_sheet(out: Path, items: list[Item], heading: Heading) -> None:
    """The strips of up to ``SHEET`` images with their names, in columns."""
    width, height, gap, line = STRIP_HEIGHT * (len(heading.variants) + 1), STRIP_HEIGHT, 14, 20
    rows = -(-max(1, len(items)) // SHEET_COLUMNS)
    page = Image.new("RGB", (SHEET_COLUMNS * (width + gap) + gap, 4 * line + rows * (height + line + gap)), "white")
    canvas = ImageDraw.Draw(page)
    canvas.text((gap, 2 * line), printable(heading.title), INK, font(True, 17), "ls")
    labels = " · ".join(["original", *heading.labels])
    canvas.text((gap, 3 * line), printable(f"{heading.summary} · {labels}"), GREY, font(False, 12), "ls")
    for place, item in enumerate(items):
        row, column = divmod(place, SHEET_COLUMNS)
        left, top = gap + column * (width + gap), 4 * line + row * (height + line + gap)
        page.paste(_strip(out / THUMBNAILS / f"{item.name}.jpg").resize((width, height), BOX), (left, top))
        words = shortened(printable(printable_path(item.relative)), width, 12)
        canvas.text((left, top + height + 14), words, INK, font(False, 12), "ls")
    with atomic_write(out / "contact-sheet.jpg") as file:
        page.save(file, "JPEG", quality=88)
