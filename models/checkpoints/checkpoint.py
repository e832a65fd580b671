"""The weights of a network and what is known about them."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import torch
from torch import Tensor, nn
from torchvision.models import EfficientNet

from models.checkpoints.families import own_resolution
from models.checkpoints.heads import head_layers, hidden_layers
from models.checkpoints.label_sets import checked_label_sets, rows_of
from models.checkpoints.records import GIVEN, recorded_graph, recorded_placement
from models.efficientnet import meta_network
from models.graphs.names import OUTPUTS as OUTPUTS_OF_GRAPH
from models.normalisation import Normalisation
from models.other_rows import OtherRows
from models.outputs import OUTPUTS
from models.placement import Placement
from models.scaling import UNRECORDED, Scaling


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """The weights of a network and what is known about them.

    Attributes:
        state_dict: tensors on the CPU under torchvision's names, in the types that the file has.
        scaling: as given, as recorded, or recognised from the tensors; its resolution is ``"unrecorded"`` where nothing in or
            beside the file says it.
        family: name in ``FAMILIES``.
        family_origin: how the family is known, in words.
        num_classes: outputs of the classifier.
        normalisation: of the network's input: as given, as recorded, as clues beside the file say, else the family's.
        normalisation_origin: which of these, in words.
        metadata: what was recorded (categories, recipe, provenance, accuracy); empty if nothing was.
        key_style: whose names the file has: ``"torchvision"``, ``"timm"``, ``"efficientnet_pytorch"``,
            ``"efficientnet_lite_pytorch"``, ``"transformers"``, ``"nvidia"`` or ``"keras"``.
        sha256: hash of the file.
        path: the file.
        entry: where in the file the state dict was, for instance ``"state_dict_ema"``; empty if it was the whole file.
        others: other networks in the file, which ``entry`` could have named.
        joined: whether first blocks of stages have a skip connection where their input and output have the same shape, as
            in narrow networks of the libraries in ``JOINING``, but not in this project's.
        notes: sentences on what was assumed, or read differently from how it is stored.
    """

    state_dict: dict[str, Tensor]
    scaling: Scaling
    family: str
    num_classes: int
    normalisation: Normalisation
    normalisation_origin: str = GIVEN
    family_origin: str = GIVEN
    metadata: dict = field(default_factory=dict)
    key_style: str = "torchvision"
    sha256: str = ""
    path: Path = Path()
    entry: str = ""
    others: tuple[str, ...] = ()
    joined: bool = False
    notes: tuple[str, ...] = ()

    @property
    def run_scaling(self) -> Scaling:
        """The scaling to run at; an unrecorded resolution is that of the released network with these tensors."""
        if self.scaling.resolution != UNRECORDED:
            return self.scaling
        return replace(self.scaling, resolution=own_resolution(self.scaling, self.family, self.key_style))

    @property
    def hidden(self) -> tuple[int, ...]:
        """Output sizes of the head's linear layers but the last; empty for a single linear layer."""
        return hidden_layers(self.state_dict)

    @property
    def label_sets(self) -> dict[str, int]:
        """Name -> number of the classifier's rows, in the order of the rows; empty where the file records none."""
        return checked_label_sets(self.metadata, self.num_classes)

    @property
    def placement(self) -> Placement:
        """Where the cells of the last map look, as recorded; nominal where nothing is recorded."""
        return recorded_placement(self.metadata)

    @property
    def outputs(self) -> str | None:
        """How its logits are read, one of ``OUTPUTS``, as a graph records it; None for other files."""
        found = recorded_graph(self.metadata).get(OUTPUTS_OF_GRAPH)
        return found if found in OUTPUTS else None

    def network(self, label_set: str | None = None) -> EfficientNet:
        """A new network with these weights, float32 and in eval mode; no random number is drawn for it.

        Args:
            label_set: one of ``label_sets``, whose rows of the classifier are kept; by default all rows.

        Raises:
            CheckpointError: the file records no such label set.
        """
        rows = self._rows(label_set)
        tensors = {name: _widened(tensor) for name, tensor in self.state_dict.items()}
        last = [f"{head_layers(tensors)[-1]}.{leaf}" for leaf in ("weight", "bias")]
        tensors |= {name: tensors[name][rows].clone() for name in last}
        network = meta_network(self.scaling, len(tensors[last[0]]), self.family, self.hidden)
        network.load_state_dict(tensors, assign=True)
        for stage in network.features[1:-1] if self.joined else ():
            convolutions = [m for m in stage[0].modules() if isinstance(m, nn.Conv2d)]
            same = convolutions[0].in_channels == convolutions[-1].out_channels
            stage[0].use_res_connect = same and all(max(m.stride) == 1 for m in convolutions)
        return network.eval()

    def other_rows(self, label_set: str | None) -> OtherRows | None:
        """Rows of the other label sets; None where there are none, or hidden layers stand before them.

        Raises:
            CheckpointError: the file records no such label set.
        """
        rows, last = self._rows(label_set), head_layers(self.state_dict)[-1]
        weight, bias = (_widened(self.state_dict[f"{last}.{leaf}"]) for leaf in ("weight", "bias"))
        return None if self.hidden or len(weight[rows]) == len(weight) else OtherRows(weight, bias, rows)

    def categories(self, label_set: str | None = None) -> list[str] | None:
        """Recorded names of the classes of a label set, by default of all classes; None where none are recorded.

        Raises:
            CheckpointError: the file records no such label set.
        """
        rows, names = self._rows(label_set), self.metadata.get("categories")
        return None if names is None else list(names[rows])

    def _rows(self, label_set: str | None) -> slice:
        return slice(None) if label_set is None else rows_of(self.label_sets, label_set)


def _widened(tensor: Tensor) -> Tensor:
    return tensor.to(torch.float32 if tensor.is_floating_point() else torch.int64, copy=True)
