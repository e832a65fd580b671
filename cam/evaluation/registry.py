"""The one table of measurements: what each is called, what it says, and which statement of the paper it decides, if any.

The primary outcomes, one for each statement, were declared here before they were measured; everything else is secondary and
decides nothing, however its numbers turn out.
"""

from dataclasses import dataclass

OWN, COMMON, CLASS_MEAN, HALF_PIXEL = READINGS = ("own", "common", "class mean", "half-pixel")
REGIONS, DETAIL, OBJECTS = CLAIMS = ("more relevant regions", "more object details", "captures all objects")
NEEDS = {
    REGIONS: "photographs with boxes or outlines of their objects",
    DETAIL: "photographs with outlines of their objects",
    OBJECTS: "mosaics of four photographs of one class",
}


@dataclass(frozen=True)
class Measurement:
    """One score of a map: higher supports the paper, where it bears on one of its statements.

    Attributes:
        label: for people.
        summary: what it says, in a line.
        claim: the statement that it is about, one of ``CLAIMS``; "" where it is about none.
        primary: whether it decides on the statement.
        needs_outline: whether it needs an outline of the object, not only a box around it.
    """

    label: str
    summary: str
    claim: str = ""
    primary: bool = False
    needs_outline: bool = False


MEASUREMENTS = {
    "auroc": Measurement(
        "Relevant regions (AUROC)",
        "how often the map rates a pixel of the object above one of the background; chance 0.5",
        REGIONS,
        True,
    ),
    "boundary": Measurement(
        "Object details (boundary IoU)",
        "how well the edge of the map's highest region, as large as the object, follows the object's edge; 1 is the same edge",
        DETAIL,
        True,
        True,
    ),
    "objects-found": Measurement(
        "Objects found, of four",
        "share of four photographs of one class, side by side, on which the map reaches half its maximum",
        OBJECTS,
        True,
    ),
    "energy": Measurement("Energy in the object", "share of the positive evidence on the objects", REGIONS),
    "pointing": Measurement("Pointing, 2 x 2", "evidence on the class's quarter of a mosaic; chance 0.25", REGIONS),
    "average-precision": Measurement("Average precision", "of pixels, over all thresholds", DETAIL, needs_outline=True),
    "worst-object": Measurement("Weakest of four", "peak on the weakest tile over the map's maximum", OBJECTS),
    "evenness": Measurement(
        "Evenness over four", "1 where the four tiles get the same evidence, 0.25 for one", OBJECTS
    ),
    "instance-recall": Measurement(
        "Instances found", "of several objects in a photograph, at half the maximum", OBJECTS
    ),
    "concentration": Measurement(
        "Concentration",
        "0 where evidence is spread evenly, 0.7 where it fills half of the view, 1.4 a quarter (entropy in nats, with its sign "
        "changed); random weights can have most of it",
    ),
}
PRIMARY = {measurement.claim: name for name, measurement in MEASUREMENTS.items() if measurement.primary}
PAIRS = {
    "correlation": "Pearson correlation of raw maps at their measured places, averaged over 7 x 7 squares",
    "rank-correlation": "Spearman correlation of the same",
    "centre-shift": "distance of the centres of mass, share of the side",
    "agreement": "share of images with the same top-1",
}
