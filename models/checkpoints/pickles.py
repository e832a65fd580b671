"""Follow untrusted pickles opcode by opcode before they are loaded.

torch's safe unpickler makes sure that no code runs. It does not notice a key of nested tuples that takes for ever to hash, a
container or storage of any size made by one call, or a stream of millions of opcodes. All of these show on a stack that
holds no values, only the kind of each value.
"""

import pickletools
from collections.abc import Iterable, Iterator, Sequence
from typing import BinaryIO

MOST_BYTES = 64 * 2**20  # of the pickle itself; tensors lie beside it
MOST_OPCODES = 1_000_000  # five thousand tensors with an optimiser's state take half of that
MOST_NESTED = 100_000  # values in a tuple and in the tuples within it, repetitions counted
PLAIN, TUPLE, LIST, CALLABLE, OTHER = "plain", "tuple", "list", "callable", "other"
MAPPINGS = {"collections OrderedDict", "collections defaultdict", "builtins dict", "__builtin__ dict"}
SETS = {"collections Counter", "builtins set", "builtins frozenset", "__builtin__ set", "__builtin__ frozenset"}
GREEDY = {"builtins bytearray", "__builtin__ bytearray", "builtins bytes", "__builtin__ bytes", "builtins str"}
ENCODE, ENCODINGS = "_codecs encode", {"latin1", "latin-1", "utf-8", "utf8", "ascii"}
CALLS = {"OBJ", "INST", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"}  # opcodes that torch never writes
MARK = object()
GROWS = "it holds something that would take any amount of memory or time; expected tensors only: save the state_dict()"


class PickleError(ValueError):
    """A pickle is refused; the message is one sentence."""


class _Value:
    """A value on the stack: its kind, its items where they matter, and its text."""

    __slots__ = ("items", "kind", "nested", "text")

    def __init__(self, kind: str, items: "Sequence[_Value]" = (), text: str = ""):
        self.kind, self.items, self.text = kind, items, text
        self.nested: int = 1 + sum(item.nested for item in self.items) if kind == TUPLE else 1
        if self.nested > MOST_NESTED:
            raise PickleError(GROWS)


def scan_pickles(file: BinaryIO, count: int = 1) -> None:
    """Follow pickles that lie one after the other in a file, from its current position.

    Args:
        file: positioned at the start of the first pickle; read to the end of the last one.
        count: number of pickles.

    Raises:
        PickleError: one would take memory or time without bound, or is damaged.
    """
    left = MOST_OPCODES
    for _ in range(count):
        left = _Scan(left).run(file)


class _Scan:
    """The stack and memo of one pickle."""

    def __init__(self, left: int):
        self.stack: list = []
        self.memo: dict[int, _Value] = {}
        self.left = left

    def run(self, file: BinaryIO) -> int:
        """Follow the pickle; return how many opcodes are left for others."""
        try:
            for opcode, argument, _ in pickletools.genops(file):
                self.left -= 1
                if self.left < 0:
                    raise PickleError(f"its pickle has more than {MOST_OPCODES:,} steps; save the state_dict() alone")
                self.step(opcode, argument)
        except PickleError:
            raise
        except Exception as error:  # damaged pickles raise errors of almost any type
            raise PickleError("not a complete file of torch.save; copy or download it again") from error
        return self.left

    def step(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        """Change the stack as the opcode does."""
        name = opcode.name
        if name in CALLS:
            raise PickleError(f"its pickle uses {name}, which torch.save never writes; save the state_dict() again")
        known = getattr(self, f"_{name.lower()}", None)
        if known is not None:
            known(argument)
        elif opcode.stack_before == [] and opcode.stack_after and opcode.stack_after[0] is pickletools.markobject:
            self.stack.append(MARK)
        else:
            self._any_other(opcode, argument)

    def _any_other(self, opcode: pickletools.OpcodeInfo, argument: object) -> None:
        if pickletools.stackslice in opcode.stack_before:
            self.pop_to_mark()
            below = opcode.stack_before.index(pickletools.markobject)
        else:
            below = len(opcode.stack_before)
        for _ in range(below):
            self.pop()
        plain = isinstance(argument, (str, int, float, bytes)) or opcode.name in ("NONE", "NEWTRUE", "NEWFALSE")
        kind = PLAIN if plain and not opcode.stack_before else OTHER
        for _ in opcode.stack_after:
            self.stack.append(_Value(kind, text=argument if isinstance(argument, str) else ""))

    # ----------------------------------------------------------------------------------------------------- the stack

    def pop(self) -> _Value:
        value = self.stack.pop()
        if value is MARK:
            raise ValueError("a mark where a value was expected")
        return value

    def pop_to_mark(self) -> list[_Value]:
        values = []
        while (value := self.stack.pop()) is not MARK:
            values.append(value)
        return values[::-1]

    def _mark(self, _: object) -> None:
        self.stack.append(MARK)

    def _pop(self, _: object) -> None:
        self.stack.pop()

    def _dup(self, _: object) -> None:
        self.stack.append(self.stack[-1])

    def _put(self, place: int) -> None:
        self.memo[place] = self.stack[-1]

    _binput = _long_binput = _put

    def _memoize(self, _: object) -> None:
        self.memo[len(self.memo)] = self.stack[-1]

    def _get(self, place: int) -> None:
        self.stack.append(self.memo[place])

    _binget = _long_binget = _get

    # ---------------------------------------------------------------------------------------------------- containers

    def _empty_tuple(self, _: object) -> None:
        self.stack.append(_Value(TUPLE))

    def _tuple(self, _: object) -> None:
        self.stack.append(_Value(TUPLE, self.pop_to_mark()))

    def _tuple1(self, _: object) -> None:
        self._tuple_of(1)

    def _tuple2(self, _: object) -> None:
        self._tuple_of(2)

    def _tuple3(self, _: object) -> None:
        self._tuple_of(3)

    def _tuple_of(self, count: int) -> None:
        self.stack.append(_Value(TUPLE, [self.pop() for _ in range(count)][::-1]))

    def _empty_list(self, _: object) -> None:
        self.stack.append(_Value(LIST, []))

    def _list(self, _: object) -> None:
        self.stack.append(_Value(LIST, self.pop_to_mark()))

    def _append(self, _: object) -> None:
        item = self.pop()
        self._extend([item])

    def _appends(self, _: object) -> None:
        self._extend(self.pop_to_mark())

    def _extend(self, items: list[_Value]) -> None:
        if self.stack[-1].kind == LIST:
            self.stack[-1].items += items

    def _setitem(self, _: object) -> None:
        self.pop()
        _require_plain([self.pop()])

    def _setitems(self, _: object) -> None:
        _require_plain(self.pop_to_mark()[::2])

    def _dict(self, _: object) -> None:
        self._setitems(_)
        self.stack.append(_Value(OTHER))

    def _additems(self, _: object) -> None:
        _require_plain(self.pop_to_mark())

    def _frozenset(self, _: object) -> None:
        self._additems(_)
        self.stack.append(_Value(OTHER))

    # --------------------------------------------------------------------------------------------------------- calls

    def _global(self, name: str) -> None:
        self.stack.append(_Value(CALLABLE, text=name))

    def _stack_global(self, _: object) -> None:
        name, module = self.pop(), self.pop()
        self.stack.append(_Value(CALLABLE, text=f"{module.text} {name.text}"))

    def _reduce(self, _: object) -> None:
        arguments, function = self.pop(), self.pop()
        if function.kind == CALLABLE:
            _check_call(function.text, arguments.items)
        self.stack.append(_Value(OTHER))

    _newobj = _reduce

    def _build(self, _: object) -> None:
        state = self.pop()
        parts = state.items if state.kind == TUPLE and len(state.items) == 2 else [state]
        if any(part.kind == LIST for part in parts):  # an update from pairs would hash their first items
            raise PickleError(GROWS)


def _check_call(name: str, arguments: Sequence[_Value]) -> None:
    """Refuse calls whose arguments decide what they cost: containers of unchecked keys, buffers, storages and tensors."""
    if name in MAPPINGS | SETS:
        for argument in arguments:
            _require_plain(_hashed(argument, pairs=name in MAPPINGS))
    made = name.rpartition(" ")[2]
    allocates = name.startswith("torch") and made.endswith(("Tensor", "Storage")) and arguments
    if allocates or (name in GREEDY and arguments):
        raise PickleError(
            f"it calls {ascii(name.replace(' ', '.'))[1:-1][:80]}, which takes memory of any size; "
            "expected tensors only: save the state_dict()"
        )
    if name == ENCODE and not (len(arguments) == 2 and arguments[1].text.lower() in ENCODINGS):
        raise PickleError(GROWS)


def _hashed(argument: _Value, pairs: bool) -> Iterator[_Value]:
    """The values that a container made from this argument would hash: its items, or the first items of its pairs."""
    for item in argument.items:
        yield item.items[0] if pairs and len(item.items) == 2 else item


def _require_plain(keys: Iterable[_Value]) -> None:
    if any(key.kind != PLAIN for key in keys):
        raise PickleError("it holds a key that is neither a text nor a number; save the state_dict() alone")
