"""index.html: every image of an export on pages of a gallery that needs no server and no network."""

import html
import json
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from cam.comparison import VariantFacts
from cam.export.items import Item, printable_path
from cam.export.keys import LABEL, Settings
from cam.export.ledger import Failed, ImageRecord
from cam.export.rows import MEASURES
from cam.figures.figure import TARGET_WORDS, VIEW_WORDS
from cam.maps.methods import METHODS

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Heading:
    """What all images of an export have in common, for people.

    Attributes:
        title: of the study.
        variants: key -> facts, in order.
    """

    title: str
    settings: Settings
    variants: dict[str, VariantFacts]

    @property
    def labels(self) -> list[str]:
        """Labels of the variants."""
        return [facts.label for facts in self.variants.values()]

    @property
    def summary(self) -> str:
        """Method, class and view in one line."""
        question = self.settings.question
        words = {**TARGET_WORDS, LABEL: "class of the image's folder"}
        target = words.get(question.target_words, f"class: {question.target_words}")
        return " · ".join([METHODS[question.method].label, target, VIEW_WORDS[question.view]])


class Gallery:
    """Writes index.html image by image; call ``finish`` at the end. The page holds all data, and the pictures lie beside it."""

    def __init__(self, file: BinaryIO, heading: Heading):
        self.file, self.heading, self.started = file, heading, False
        self.classes: dict[str, int] = {}
        template = (HERE / "gallery.html").read_text(encoding="utf-8")
        style = (HERE / "gallery.css").read_text(encoding="utf-8")
        script = (HERE / "gallery.js").read_text(encoding="utf-8")
        page = template.replace("{style}", style).replace("{script}", script)
        start, self.rest = page.split("{rows}")
        file.write(start.replace("{title}", html.escape(heading.title)).encode("utf-8", "replace"))

    def add(self, item: Item, record: ImageRecord) -> None:
        """Add one image, or the reason why there is none."""
        path = printable_path(item.relative)
        if isinstance(record, Failed):
            row: list = [path, item.name, record.error, record.reason]
        else:
            variants = [
                [
                    self._class(one.explained),
                    one.probability,
                    [self._class(name) for name in one.classes],
                    one.probabilities,
                    [one.measures.get(name) for name in MEASURES],
                ]
                for one in record.rows
            ]
            row = [path, item.name, variants, None, any(one.out_of_class for one in record.rows)]
        self.file.write((",\n" * self.started + _embedded(row)).encode())
        self.started = True

    def finish(self) -> None:
        """Write what follows the images."""
        settings, facts = self.heading.settings, self.heading.variants
        about = {
            "summary": self.heading.summary,
            "write": settings.write,
            "format": settings.format,
            "measures": MEASURES,
            "classes": list(self.classes),
            "variants": [
                {"key": key, "label": one.label, "provenance": one.provenance, "note": one.note}
                for key, one in facts.items()
            ],
        }
        self.file.write(self.rest.replace("{about}", _embedded(about)).encode())

    def _class(self, name: str) -> int:
        return self.classes.setdefault(name, len(self.classes))


def _embedded(data: object) -> str:
    """JSON that cannot end the script element around it, whatever characters file names hold."""
    return json.dumps(data, separators=(",", ":")).replace("<", "\\u003c")
