"""A network as an ONNX graph: pixels in; features, logits and the maps of all classes out; no weight is changed.

The graph describes the network layer by layer, and its tensors have the names and values of the checkpoint, so that it can be
read back: BatchNorms are left for the engine to fold. The classifier is a 1x1 convolution. On the pooled features it computes
the logits, on the features themselves the maps: ``maps[n, k]`` is the class activation map of class k, raw and signed, in
logit units, and its mean plus the class's bias is ``logits[n, k]``. For a head of several layers, the maps are those of the
head linearised at the image: each ReLU passes at every cell what it passes for the pooled features.

The graph uses standard operators of one opset. Every size is fixed except the batch's, and nothing varies from run to run.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn
from torchvision.models import EfficientNet
from torchvision.models.efficientnet import MBConv
from torchvision.ops import SqueezeExcitation, StochasticDepth

from models.classifier import linear_layers
from models.efficientnet import SameConv2d, cell_centres
from models.graphs.names import FEATURES, FLOAT32, LOGITS, MAPS, MEAN, PIXELS, SIX, STD, WEIGHTS, ZERO
from models.normalisation import Normalisation

OPSET, IR_VERSION = 17, 8  # of 2022: every engine in use reads this version
PRODUCER = "compound-cam"
PASSING = (nn.Identity, nn.Dropout, StochasticDepth)  # layers that return their input in eval mode
ACTIVATIONS = {nn.ReLU: "Relu", nn.Sigmoid: "Sigmoid"}


def onnx_graph(
    model: EfficientNet,
    side: int,
    *,
    normalisation: Normalisation | None,
    weights: str = FLOAT32,
    properties: Mapping[str, str] | None = None,
    outputs: Sequence[str] = (FEATURES, LOGITS, MAPS),
) -> onnx.ModelProto:
    """The graph of a network: ``pixels`` float32 (N, 3, side, side) -> ``features``, ``logits`` (N, K), ``maps`` (N, K, h, w).

    Args:
        model: plain float32 network in eval mode; it is not changed.
        side: side of the square input in pixels.
        normalisation: applied to pixels in [0, 1] first; None where the input is already normalised.
        weights: how the weights of convolutions and classifier are stored; the computation is always in float32.
        properties: texts to store in the file, which describe the network; see ``models.checkpoints.records``.
        outputs: which of the three outputs to have.

    Raises:
        ValueError: the network has a layer that no EfficientNet has, or a weight is too large for float16.
    """
    builder = _Builder(side, weights)
    features = builder.network(model.features, normalisation)
    if {LOGITS, MAPS} & {*outputs}:
        builder.head(model.classifier, features, MAPS in outputs)
    cells, channels = len(cell_centres(model.features, side)), int(model.features[-1][0].out_channels)
    classes = linear_layers(model.classifier)[-1].out_features
    shapes = {FEATURES: (channels, cells, cells), LOGITS: (classes,), MAPS: (classes, cells, cells)}
    inputs, given = [_value(PIXELS, (3, side, side))], [_value(name, shapes[name]) for name in outputs]
    graph = helper.make_graph(builder.nodes, PRODUCER, inputs, given, builder.tensors)
    made = helper.make_model(
        graph, producer_name=PRODUCER, ir_version=IR_VERSION, opset_imports=[helper.make_opsetid("", OPSET)]
    )
    helper.set_model_props(made, dict(properties or {}))
    return made


def _value(name: str, shape: tuple[int, ...]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, ["N", *shape])


class _Builder:
    """Nodes and tensors in the order in which they are computed; every method returns the name of what it computed."""

    def __init__(self, side: int, weights: str):
        if weights not in WEIGHTS:
            raise ValueError(f"weights as {weights!r}; choose from {', '.join(WEIGHTS)}")
        self.side, self.weights = side, weights
        self.nodes: list[onnx.NodeProto] = []
        self.tensors: list[onnx.TensorProto] = []

    def network(self, features: nn.Sequential, normalisation: Normalisation | None) -> str:
        """Add the layers from the pixels to the activations that enter pooling."""
        x = PIXELS
        if normalisation:
            for operator, name, values in (("Sub", MEAN, normalisation.mean), ("Div", STD, normalisation.std)):
                column = np.array(values, np.float32).reshape(1, 3, 1, 1)
                x = self._node(operator, [x, self._tensor(name, column)], f"{name}.applied")
        self._layer(features, FEATURES, x)
        self.nodes[-1].output[0] = FEATURES
        return FEATURES

    def head(self, classifier: nn.Module, features: str, maps: bool) -> None:
        """Add the layers that make logits of the pooled features, and the same layers on the features themselves."""
        x, cells = self._node("GlobalAveragePool", [features], "pooled"), features
        layers = linear_layers(classifier)
        names = {layer: f"classifier.{name}" for name, layer in classifier.named_modules() if layer in layers}
        for place, layer in enumerate(layers):
            name, last = names[layer], place == len(layers) - 1
            weight = self._weight(f"{name}.weight", layer.weight[:, :, None, None])
            bias = self._tensor(f"{name}.bias", _array(layer.bias))
            x = self._node("Conv", [x, weight, bias], name, kernel_shape=[1, 1])
            if maps:
                cells = self._node("Conv", [cells, weight], MAPS if last else f"{name}.cells", kernel_shape=[1, 1])
            if not last:
                x = self._node("Relu", [x], f"{name}.relu")
                if maps:
                    passed = self._node("Sign", [x], f"{name}.passed")
                    cells = self._node("Mul", [cells, passed], f"{name}.passed cells")
        self._node("Flatten", [x], LOGITS, axis=1)

    def _layer(self, layer: nn.Module, name: str, x: str) -> str:
        if isinstance(layer, nn.Conv2d):
            return self._convolution(layer, name, x)
        if isinstance(layer, nn.BatchNorm2d):
            tensors = {leaf: getattr(layer, leaf) for leaf in ("weight", "bias", "running_mean", "running_var")}
            inputs = [self._tensor(f"{name}.{leaf}", _array(tensor)) for leaf, tensor in tensors.items()]
            return self._node("BatchNormalization", [x, *inputs], name, epsilon=layer.eps)
        if isinstance(layer, nn.SiLU):
            return self._node("Mul", [x, self._node("Sigmoid", [x], f"{name}.sigmoid")], name)
        if isinstance(layer, nn.ReLU6):
            limits = [self._limit(ZERO, 0.0), self._limit(SIX, 6.0)]
            return self._node("Clip", [x, *limits], name)
        if isinstance(layer, SqueezeExcitation):
            gate = self._node("GlobalAveragePool", [x], f"{name}.pooled")
            for part in ("fc1", "activation", "fc2", "scale_activation"):
                gate = self._layer(getattr(layer, part), f"{name}.{part}", gate)
            return self._node("Mul", [x, gate], name)
        if isinstance(layer, MBConv):
            inner = self._layer(layer.block, f"{name}.block", x)
            return self._node("Add", [inner, x], name) if layer.use_res_connect else inner
        if isinstance(layer, nn.Sequential):
            for part, inside in layer.named_children():
                x = self._layer(inside, f"{name}.{part}", x)
            return x
        if type(layer) in ACTIVATIONS:
            return self._node(ACTIVATIONS[type(layer)], [x], name)
        if isinstance(layer, PASSING):
            return x
        raise ValueError(f"{name} is a layer {type(layer).__name__}, which no EfficientNet has; load it with models")

    def _convolution(self, layer: nn.Conv2d, name: str, x: str) -> str:
        inputs = [x, self._weight(f"{name}.weight", layer.weight)]
        if layer.bias is not None:
            inputs.append(self._tensor(f"{name}.bias", _array(layer.bias)))
        settings: dict[str, Any] = {"kernel_shape": [*layer.kernel_size], "strides": [*layer.stride]}
        settings["group"] = layer.groups
        if isinstance(layer, SameConv2d):
            before, after = layer.same_padding(self.side)
            settings["pads"] = [before, before, after, after]
        else:
            settings["pads"] = [*layer.padding, *layer.padding]  # type: ignore[misc]
        self.side = math.ceil(self.side / layer.stride[0])
        return self._node("Conv", inputs, name, **settings)

    def _node(self, operator: str, inputs: list[str], output: str, **settings: object) -> str:
        self.nodes.append(helper.make_node(operator, inputs, [output], name=output, **settings))  # type: ignore[arg-type]
        return output

    def _tensor(self, name: str, values: np.ndarray) -> str:
        self.tensors.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def _limit(self, name: str, value: float) -> str:
        if all(tensor.name != name for tensor in self.tensors):
            self._tensor(name, np.array(value, np.float32))
        return name

    def _weight(self, name: str, weight: Tensor) -> str:
        """Store the weight, and cast it to float32 where it is stored as float16: once, when a session is made."""
        values = _array(weight)
        if self.weights == FLOAT32:
            return self._tensor(name, values)
        self._tensor(name, to_float16(values, name))
        return self._node("Cast", [name], f"{name}.float32", to=TensorProto.FLOAT)


def to_float16(values: np.ndarray, name: str) -> np.ndarray:
    """The values rounded to float16.

    Raises:
        ValueError: one of them is too large for float16.
    """
    with np.errstate(over="ignore"):
        rounded = values.astype(np.float16)
    if not np.isfinite(rounded).all():
        raise ValueError(f"{name} has weights up to {abs(values).max():g}, too large for float16; keep float32")
    return rounded


def _array(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy()
