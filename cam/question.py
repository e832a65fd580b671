"""The question to networks and photographs: which method, class, view and layer, and whether the mirror image counts."""

from dataclasses import dataclass

from cam.maps.layers import HEAD, chosen_layers
from cam.maps.methods import METHODS
from cam.maps.targets import Target
from models.images import VIEWS


@dataclass(frozen=True)
class Question:
    """One question, validated when it is made, so that nothing that carries it has to check it again.

    Attributes:
        method: name in ``METHODS``.
        target: class to explain, as for ``cam.compare``; it is checked only once the networks' classes are known.
        view: ``"square"`` or ``"centre"``.
        layer: the layers in words, in the network's order: ``"head"``, ``"stage 5"``, ``"stage 5, head"`` or ``"all"``;
            "" becomes the method's own choice.
        flip: whether maps are means over the image and its mirror image.

    Raises:
        ValueError: the method, view or layer is unknown, or the method does not allow the layer.
    """

    method: str = "cam"
    target: Target = "shared"
    view: str = "square"
    layer: str = ""
    flip: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer", ", ".join(chosen_layers(self.layer or None, self.method)))
        if self.view not in VIEWS:
            raise ValueError(f"unknown view {self.view!r}; choose from {', '.join(VIEWS)}")

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers one by one."""
        return tuple(self.layer.split(", "))

    @property
    def unit(self) -> str:
        """``"logit"`` where maps of several networks may share a scale, else "": earlier layers have no unit."""
        return METHODS[self.method].unit if self.layers == HEAD else ""

    @property
    def from_features(self) -> bool:
        """Whether the features entering global average pooling suffice for an answer, so that no network runs again."""
        return self.layers == HEAD and METHODS[self.method].closed_form is not None

    @property
    def target_words(self) -> str:
        """The class that was asked for, for people."""
        return str(self.target) if isinstance(self.target, (str, int)) else ", ".join(map(str, self.target))

    def require_unit(self) -> None:
        """Refuse a difference between the maps of two classes where they have no unit.

        Raises:
            ValueError: maps have no unit; the message says what to choose instead.
        """
        if self.unit == "logit":
            return
        if self.layer in ("head", "all"):
            possible = ", ".join(key for key, entry in METHODS.items() if entry.unit == "logit")
            raise ValueError(
                f"method {self.method!r} has no unit, so its maps of two classes have no difference; choose from {possible}"
            )
        raise ValueError(
            f"maps at {self.layer} have no unit, so those of two classes have no difference; leave the layer out"
        )


QUESTION = Question()  # CAM of the shared class at the head
