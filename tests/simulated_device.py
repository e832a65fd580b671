"""A simulated CUDA device: its tensors hold real values, report that device, and cannot be mixed with tensors of the CPU.

As on a real device, they cannot become NumPy arrays, accept only 0-dimensional CPU tensors, round float32 products to TF32's
10 bits where torch's settings allow it, and count conversions of weights.
"""

import threading
from contextlib import contextmanager

import torch
from torch.overrides import TorchFunctionMode
from torch.utils._pytree import tree_flatten, tree_map, tree_unflatten

DEVICE = torch.device("cuda:0")
aten = torch.ops.aten
CONVOLUTIONS = {aten.convolution, aten._convolution, aten.convolution_backward}
PRODUCTS = {aten.mm, aten.bmm, aten.addmm, aten.baddbmm}
MAY_MEET = {aten.index, aten.index_put, aten.index_put_, aten._to_copy, aten.copy_}  # indices may be on the CPU
CASTS: list[torch.dtype] = []  # an entry for every conversion to half precision on the device


class OnDevice(torch.Tensor):
    """A tensor on the simulated device; ``held`` is its value."""

    held: torch.Tensor

    @staticmethod
    def __new__(cls, held, requires_grad=False):
        made = torch.Tensor._make_wrapper_subclass(
            cls,
            held.shape,
            strides=held.stride(),
            storage_offset=held.storage_offset(),
            dtype=held.dtype,
            layout=held.layout,
            requires_grad=requires_grad,
        )
        made.held = held
        return made

    @property
    def device(self):
        return DEVICE

    @property
    def is_cuda(self):
        return True

    def __repr__(self):
        return f"OnDevice({self.held})"

    def numpy(self, **_):
        raise TypeError(
            "can't convert cuda:0 device type tensor to numpy. Use Tensor.cpu() to copy the tensor to host memory first."
        )

    def __array__(self, *_, **__):
        return self.numpy()

    def tolist(self):
        return self.held.tolist()

    def cpu(self, *_, **__):
        return Away.apply(self)

    def __reduce_ex__(self, protocol):
        """A file holds the values but not their device, as with ``map_location="cpu"``."""
        return self.held.detach().__reduce_ex__(protocol)

    def __deepcopy__(self, memo):
        copied = OnDevice(self.held.detach().clone()).requires_grad_(self.requires_grad)
        if getattr(self, "_is_param", False):
            copied._is_param = True
        memo[id(self)] = copied
        return copied

    @classmethod
    def __torch_dispatch__(cls, func, types, args=(), kwargs=None):
        return run(func, args, kwargs or {})


class Away(torch.autograd.Function):
    """Moves from the device to the CPU, and gradients back."""

    @staticmethod
    def forward(ctx, values):
        return values.held.detach().clone()

    @staticmethod
    def backward(ctx, gradient):
        return OnDevice(gradient)


class There(torch.autograd.Function):
    """Moves from the CPU to the device, and gradients back."""

    @staticmethod
    def forward(ctx, values):
        return OnDevice(values.detach().clone())

    @staticmethod
    def backward(ctx, gradient):
        return gradient.held


def run(func, args, kwargs):
    """Run an operation on the values of tensors, which must be on one device."""
    flat, spec = tree_flatten((args, kwargs))
    tensors = [value for value in flat if isinstance(value, torch.Tensor)]
    there = any(isinstance(tensor, OnDevice) for tensor in tensors)
    packet = func.overloadpacket
    if there and packet not in MAY_MEET:
        strangers = [t for t in tensors if not isinstance(t, OnDevice) and t.dim()]
        if strangers:
            raise RuntimeError(
                "Expected all tensors to be on the same device, but found at least two devices, cuda:0 and cpu!"
            )
    values = [value.held if isinstance(value, OnDevice) else value for value in flat]
    if there and _rounds(packet):
        values = [
            _tf32(v) if isinstance(v, torch.Tensor) and v.dtype == torch.float32 and v.dim() > 1 else v for v in values
        ]
    args, kwargs = tree_unflatten(values, spec)
    if packet is aten._to_copy and there and kwargs.get("dtype") in (torch.float16, torch.bfloat16):
        CASTS.append(kwargs["dtype"])
    found = func(*args, **kwargs)
    if func._schema.is_mutable and flat and isinstance(flat[0], torch.Tensor):
        return flat[0]
    return tree_map(lambda one: OnDevice(one) if there and isinstance(one, torch.Tensor) else one, found)


def _rounds(packet):
    cudnn, matmul = torch.backends.cudnn.allow_tf32, torch.backends.cuda.matmul.allow_tf32
    return (packet in CONVOLUTIONS and cudnn) or (packet in PRODUCTS and matmul)


def _tf32(values):
    """The nearest number with 10 bits after the leading one."""
    return ((values.contiguous().view(torch.int32) + (1 << 12)) & ~((1 << 13) - 1)).view(torch.float32).view_as(values)


def _words(value):
    """The device that a value is or names; None for anything else."""
    if isinstance(value, torch.device):
        return value
    named = isinstance(value, str) and value.split(":")[0] in ("cuda", "cpu", "meta")
    return torch.device(value) if named else None


class Moves(TorchFunctionMode):
    """Handles calls that name a device: moving to it and back, and making tensors on it."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = dict(kwargs or {})
        if func is torch.Tensor.to and any(isinstance(value, torch.Tensor) for value in args[1:2]):
            args = (args[0], args[1].device, args[1].dtype, *args[2:])
        named = [value for value in (*args[1:], kwargs.get("device")) if _words(value) is not None]
        if not named or _words(named[0]).type == "meta":
            return func(*args, **kwargs)
        kwargs.pop("device", None)
        args = (*args[:1], *(value for value in args[1:] if _words(value) is None))
        return self.moved(func, args, kwargs, _words(named[0]).type == "cuda")

    def moved(self, func, args, kwargs, to_device):
        if func is not torch.Tensor.to:  # the operation makes a new tensor
            made = func(*args, **kwargs)
            if not to_device or isinstance(made, OnDevice):
                return made
            return OnDevice(made.detach(), made.requires_grad)
        source, *rest = args
        if to_device != isinstance(source, OnDevice):
            source = There.apply(source) if to_device else source.cpu()
        rest = [value for value in rest if value is not None and not isinstance(value, bool)]
        return source.to(*rest, **kwargs) if rest or kwargs.get("dtype") or kwargs.get("memory_format") else source


def _with_moves(run):
    """A thread's function, run in the mode of the test's thread, because torch's modes are per thread."""

    def within(thread):
        with Moves():
            run(thread)

    return within


@contextmanager
def simulated(monkeypatch):
    """Inside this context, the process has one CUDA device."""
    monkeypatch.setattr(torch.cuda, "_lazy_init", lambda: None)
    monkeypatch.setattr(threading.Thread, "run", _with_moves(threading.Thread.run))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device=None: (2**30, 2**30))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device=None: 0)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device=None: 0)
    monkeypatch.setattr(torch.cuda, "max_memory_allocated", lambda device=None: 2**20)
    monkeypatch.setattr(torch.cuda, "reset_peak_memory_stats", lambda device=None: None)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: False)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device=None: "simulated")
    monkeypatch.setattr(torch.cuda, "synchronize", lambda device=None: None)
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: None)
    CASTS.clear()
    before = torch.__future__.get_overwrite_module_params_on_conversion()
    torch.__future__.set_overwrite_module_params_on_conversion(
        True
    )  # makes new parameters, because the old ones cannot hold these tensors
    try:
        with Moves():
            yield
    finally:
        torch.__future__.set_overwrite_module_params_on_conversion(before)
