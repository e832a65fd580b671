"""From untrusted bytes to the graph and tensors that ``onnx_graph`` wrote.

The bytes are measured before they are parsed: a protobuf of many empty messages takes a hundred times its size in memory.
Nothing in the graph is run, and nothing that it refers to, such as values in another file, is read.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from models.graphs.names import FEATURES, FLOAT16, FLOAT32, LOGITS, MAPS, MEAN, SIX, STD, ZERO
from models.graphs.session import require_installed

if TYPE_CHECKING:  # slow to import, and not installed everywhere
    import onnx

MOST_BESIDE = 4 * 2**20  # bytes beside the values of tensors: nodes, names and texts; B7 with 1,000 classes has 0.4 MB
MOST_TENSORS, MOST_PARTS = 20_000, 100_000  # of a graph; its parts are nodes and tensors
GRAPH, INITIALIZER, RAW_DATA = 7, 5, 9  # numbers of fields: in a model, in a graph, in a tensor
VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5  # how a field is encoded
COUNTER = "num_batches_tracked"
CONSTANTS = (MEAN, STD, ZERO, SIX)  # of the graph, not of the checkpoint
FIRST_BLOCKS = tuple(f"{FEATURES}.{stage}.0" for stage in range(1, 8))


class GraphError(ValueError):
    """A file is not an ONNX graph, or not one of this project's; the message is one sentence."""


@dataclass(frozen=True)
class ReadGraph:
    """A graph as it was read.

    Attributes:
        proto: the whole graph.
        tensors: its initialisers by their names in a checkpoint, in the types that the file has.
        properties: texts in its metadata.
    """

    proto: "onnx.ModelProto"
    tensors: dict[str, Tensor]
    properties: dict[str, str]

    @property
    def normalised(self) -> bool:
        """Whether its input is already normalised."""
        return all(tensor.name != MEAN for tensor in self.proto.graph.initializer)

    @property
    def weights(self) -> str:
        """How the weights of convolutions and classifier are stored."""
        return FLOAT16 if any(tensor.dtype == torch.float16 for tensor in self.tensors.values()) else FLOAT32

    @property
    def outputs(self) -> list[str]:
        """Which of the three outputs it has."""
        return [value.name for value in self.proto.graph.output if value.name in (FEATURES, LOGITS, MAPS)]

    @property
    def joined(self) -> bool:
        """Whether first blocks of stages have a skip connection, see ``Checkpoint.joined``."""
        return any(node.op_type == "Add" and node.name in FIRST_BLOCKS for node in self.proto.graph.node)


def read_graph(content: bytes) -> ReadGraph:
    """Parse a graph, after checking that it has no more parts than a network needs.

    Raises:
        ModuleNotFoundError: onnx is not installed.
        GraphError: it is damaged, too large, or holds other tensors than a checkpoint.
    """
    require_installed()
    import onnx
    from google.protobuf.message import DecodeError

    _check_parts(content)
    try:
        proto = onnx.load_model_from_string(content)
    except DecodeError as error:
        raise GraphError("not a complete ONNX file; copy or download it again") from error
    tensors: dict[str, Tensor] = {}
    for tensor in proto.graph.initializer:
        if tensor.name in tensors:
            raise GraphError(f"two tensors for {tensor.name[:80]!a}; write it again with python -m models onnx")
        if tensor.name not in CONSTANTS:
            tensors[tensor.name] = _tensor(tensor)
    return ReadGraph(proto, tensors, {entry.key: entry.value for entry in proto.metadata_props})


def _tensor(tensor: "onnx.TensorProto") -> Tensor:
    """A copy of the tensor's values; the classifier's weight, which is a convolution in the graph, becomes a matrix."""
    types: dict[int, np.dtype] = {int(tensor.FLOAT): np.dtype("<f4"), int(tensor.FLOAT16): np.dtype("<f2")}
    shape, name = tuple(tensor.dims), ascii(tensor.name[:80])
    if tensor.data_type not in types or tensor.external_data or tensor.data_location != tensor.DEFAULT:
        raise GraphError(f"{name} is not a float32 or float16 tensor with its values in the file")
    kind = types[tensor.data_type]
    if len(shape) > 4 or any(size < 0 for size in shape) or math.prod(shape) * kind.itemsize != len(tensor.raw_data):
        raise GraphError(f"{name} of shape {shape[:5]} has {len(tensor.raw_data):,} bytes of values")
    values = torch.from_numpy(np.frombuffer(tensor.raw_data, kind).reshape(shape).copy())
    return values.flatten(1) if tensor.name.startswith("classifier.") and values.ndim == 4 else values


def counters(names: Mapping[str, Tensor], batches: object) -> dict[str, Tensor]:
    """How many batches each BatchNorm has seen, which a graph records although no map depends on it.

    Args:
        names: names of the graph's tensors, in order.
        batches: one number for all BatchNorms, or one for each.

    Raises:
        GraphError: ``batches`` is neither.
    """
    norms = [name.removesuffix("running_var") for name in names if name.endswith(".running_var")]
    counts = batches if isinstance(batches, list) else [batches] * len(norms)
    if len(counts) != len(norms) or not all(type(count) is int and 0 <= count < 2**63 for count in counts):
        raise GraphError("batches recorded that BatchNorms cannot have seen; expected a number for each")
    return {f"{norm}{COUNTER}": torch.tensor(count) for norm, count in zip(norms, counts, strict=True)}


def _check_parts(content: bytes) -> None:
    """Refuse a file that would take much more memory than it has bytes."""
    beside, counts = len(content), Counter[bool]()
    for number, graph in _fields(memoryview(content)):
        for inner, part in _fields(graph) if number == GRAPH else ():
            counts[inner == INITIALIZER] += 1
            if counts[True] > MOST_TENSORS or counts.total() > MOST_PARTS:
                raise GraphError(f"it has more than {MOST_TENSORS:,} tensors or {MOST_PARTS:,} parts")
            fields = _fields(part) if inner == INITIALIZER else ()
            beside -= sum(len(values) for field, values in fields if field == RAW_DATA)
    if beside > MOST_BESIDE:
        raise GraphError(f"it has {beside:,} bytes beside the values of its tensors; expected up to {MOST_BESIDE:,}")


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview]]:
    """The number of each field of a message, and the bytes of fields that have a length (empty for others).

    Raises:
        GraphError: the message is not complete.
    """
    place = 0
    while place < len(message):
        key, place = _number(message, place)
        length = {VARINT: 0, FIXED64: 8, FIXED32: 4}.get(key & 7)
        if key & 7 in (VARINT, BYTES):
            value, place = _number(message, place)
            length = value if key & 7 == BYTES else 0
        if length is None or place + length > len(message):
            raise GraphError("not a complete ONNX file; copy or download it again")
        yield key >> 3, message[place : place + length] if key & 7 == BYTES else message[:0]
        place += length


def _number(message: memoryview, place: int) -> tuple[int, int]:
    """Read a varint, seven bits a byte; return it and the place after it."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(message):
            break
        byte, place = message[place], place + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, place
    raise GraphError("not a complete ONNX file; copy or download it again")
