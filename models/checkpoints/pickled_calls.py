"""What is known of a value in a pickle that is only followed, and which calls with such values are refused.

A call is judged by the name of its function and by its arguments, which are known because they lie in a tuple of the
pickle itself. Names count without their module: torch's unpickler reads some modules of Python 2 as others.
"""

from collections.abc import Iterable, Iterator, Sequence

ITEM = 64  # bytes that an item of a container takes
MOST_NESTED = 100_000  # values in a tuple and in the tuples within it, repetitions counted
PLAIN, TUPLE, LIST, CALLABLE, STORAGE, OTHER = "plain", "tuple", "list", "callable", "storage", "other"
MAPPINGS, SETS = {"OrderedDict", "defaultdict", "dict"}, {"Counter", "set", "frozenset"}
GREEDY = {"bytearray", "bytes", "str"}
VIEWS = {"_rebuild_tensor", "_rebuild_tensor_v2", "_rebuild_tensor_v3"}  # of a storage, an offset, a size and a stride
WITHIN = "_rebuild_from_type_v2"  # calls the function that is its first argument
HARMLESS = {*VIEWS, WITHIN, "_rebuild_parameter", "_rebuild_parameter_with_state", "_rebuild_meta_tensor_no_storage"}
HARMLESS |= {"_rebuild_sparse_tensor", "_rebuild_wrapper_subclass"}  # the others copy, and may take memory of any size
ENCODE, ENCODINGS = "_codecs.encode", {"latin1", "latin-1", "utf-8", "utf8", "ascii"}
ITEM_BYTES = {
    **dict.fromkeys(("Byte", "Char", "Bool", "QUInt8", "QInt8", "QUInt4x2", "QUInt2x4", "Untyped"), 1),
    **dict.fromkeys(("Short", "Half", "BFloat16"), 2),
    **dict.fromkeys(("Int", "Float", "QInt32"), 4),
    **dict.fromkeys(("Long", "Double", "ComplexFloat"), 8),
    "ComplexDouble": 16,
}  # of torch's storages
GROWS = "it holds something that would take any amount of memory or time; expected tensors only: save the state_dict()"
DAMAGED = "not a complete file of torch.save; copy or download it again"


class PickleError(ValueError):
    """A pickled file is refused; the message is one sentence."""


class Value:
    """A value on the stack: its kind, and its items, text or number where they matter.

    ``number`` of a storage counts its elements, ``entries`` those of a dictionary.
    """

    __slots__ = ("entries", "items", "kind", "nested", "number", "text")

    def __init__(self, kind: str, items: "Sequence[Value]" = (), text: str = "", number: int | None = None):
        self.kind, self.items, self.text, self.number, self.entries = kind, items, text, number, 0
        self.nested: int = 1 + sum(item.nested for item in self.items) if kind == TUPLE else 1
        if self.nested > MOST_NESTED:
            raise PickleError(GROWS)

    def cost(self) -> int:
        """Bytes, roughly, of a copy of what it holds."""
        within = sum(item.cost() for item in self.items) if self.kind == TUPLE else 0
        return within + ITEM * (len(self.items) + self.entries) + len(self.text)


def check_call(function: Value, arguments: Value) -> None:
    """Refuse calls whose arguments are not known, or decide what the call costs.

    These are containers of unchecked keys, buffers, storages, tensors larger than their storage, and slow encodings.

    Raises:
        PickleError: the message says what is called.
    """
    name = function.text.replace(" ", ".")
    made = name.rpartition(".")[2]
    if function.kind != CALLABLE or arguments.kind != TUPLE:
        raise PickleError(GROWS)
    items = arguments.items
    if made in MAPPINGS | SETS:
        for item in items:
            require_plain(_hashed(item, pairs=made in MAPPINGS))
    allocates = name.startswith("torch") and (
        (made.endswith(("Tensor", "Storage")) and items) or (made.startswith("_rebuild_") and made not in HARMLESS)
    )
    if allocates or (made in GREEDY and items):
        raise PickleError(
            f"it calls {ascii(name)[1:-1][:80]}, which takes memory of any size; "
            "expected tensors only: save the state_dict()"
        )
    if made == WITHIN:
        if len(items) < 3:
            raise PickleError(DAMAGED)
        check_call(items[0], items[2])
    if made in VIEWS and name.startswith("torch"):
        check_view(items)
    if name == ENCODE and not (len(items) == 2 and items[1].text.lower() in ENCODINGS):
        raise PickleError(GROWS)


def check_view(arguments: Sequence[Value]) -> None:
    """Refuse a tensor that reaches beyond its storage, which torch would enlarge.

    Args:
        arguments: storage, offset, size and stride, in elements, and more that does not matter.

    Raises:
        PickleError: it reaches too far, or the arguments are of other kinds.
    """
    kinds = [argument.kind for argument in arguments[:4]]
    if kinds != [STORAGE, PLAIN, TUPLE, TUPLE]:
        raise PickleError(DAMAGED)
    storage, offset, size, stride = arguments[:4]
    counts, steps = ([item.number for item in one.items] for one in (size, stride))
    known = [
        number for number in (storage.number, offset.number, *counts, *steps) if number is not None and number >= 0
    ]
    if len(known) != 2 + len(counts) + len(steps) or len(counts) != len(steps):
        raise PickleError(DAMAGED)
    held, start, *sides = known
    last = sum((count - 1) * step for count, step in zip(sides[: len(counts)], sides[len(counts) :], strict=True))
    if 0 not in counts and start + last >= held:
        raise PickleError(f"a tensor reaches beyond its storage of {held:,} numbers; copy or download the file again")


def code_in(name: str) -> str:
    """The sentence about a file that names a class or a function of a library, such as a whole network that was saved."""
    return (
        f"it holds {name[:80]}, which is code and was not run; expected tensors only: "
        "load it where it was made and save its state_dict()"
    )


def stored(identity: Value) -> tuple[str, int, Value]:
    """A storage that lies beside the pickle: its key, its size in bytes, and the value on the stack.

    Args:
        identity: what stands for it in the pickle: ("storage", its class, its key, its device, how many elements, ...).

    Raises:
        PickleError: it is something else, or declares no size.
    """
    items = identity.items
    if items and items[0].text == "module" and len(items) > 1 and items[1].kind == CALLABLE:  # torch's older format
        raise PickleError(code_in(items[1].text.replace(" ", ".")))
    if identity.kind != TUPLE or len(items) < 5 or items[0].text != "storage" or items[1].kind != CALLABLE:
        raise PickleError(DAMAGED)
    each = ITEM_BYTES.get(items[1].text.replace(" ", ".").rpartition(".")[2].removesuffix("Storage"))
    key, count = items[2].text, items[4].number
    if each is None or not key or count is None or count < 0:
        raise PickleError(DAMAGED)
    seen = count
    if len(items) > 5 and items[5].kind == TUPLE:  # part of a storage: its key, where it begins, how many elements
        part = items[5].items
        if len(part) != 3 or part[0].kind != PLAIN or part[1].number is None or part[2].number is None:
            raise PickleError(DAMAGED)
        seen = min(part[2].number, count - part[1].number)
    elif len(items) > 5 and items[5].kind != PLAIN:
        raise PickleError(DAMAGED)
    return key, count * each, Value(STORAGE, number=seen)


def require_plain(keys: Iterable[Value]) -> None:
    """Refuse keys that are neither texts nor numbers: hashing them may take for ever."""
    if any(key.kind != PLAIN for key in keys):
        raise PickleError("it holds a key that is neither a text nor a number; save the state_dict() alone")


def _hashed(argument: Value, pairs: bool) -> Iterator[Value]:
    """The values that a container made from this argument would hash: its items, or the first items of its pairs."""
    for item in argument.items:
        yield item.items[0] if pairs and len(item.items) == 2 else item
