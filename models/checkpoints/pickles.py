"""Follow untrusted pickles opcode by opcode before they are loaded.

torch's safe unpickler makes sure that no code runs. It does not notice a key of nested tuples that takes for ever to hash, a
container or storage of any size made by one call, or a stream of millions of opcodes. All of these show on a stack that
holds no values, only what ``pickled_calls`` needs to know of them.
"""

import pickletools
from typing import BinaryIO, NamedTuple

from models.checkpoints.pickled_calls import (
    CALLABLE,
    DAMAGED,
    GROWS,
    LIST,
    OTHER,
    PLAIN,
    STORAGE,
    TUPLE,
    PickleError,
    Value,
    check_call,
    check_view,
    require_plain,
    stored,
)

MOST_OPCODES = 1_000_000  # five thousand tensors with an optimiser's state take half of that
CALLS = {"OBJ", "INST", "NEWOBJ_EX", "EXT1", "EXT2", "EXT4"}  # opcodes that torch never writes
MOST_COPIED = 64 * 2**20  # bytes that all calls together may copy out of texts and containers
MARK = object()


class Scanned(NamedTuple):
    """What pickles say of the storages beside them: size in bytes by key, and the texts of the list that the last one is."""

    storages: dict[str, int]
    listed: list[str]


def scan_pickles(file: BinaryIO, count: int = 1) -> Scanned:
    """Follow pickles that lie one after the other in a file, from its current position.

    Args:
        file: positioned at the start of the first pickle; read to the end of the last one.
        count: number of pickles.

    Returns:
        The storages that they declare, for the caller to compare with the file.

    Raises:
        PickleError: one would take memory or time without bound, or is damaged.
    """
    scan = _Scan()
    for _ in range(count):
        scan.run(file)
    return Scanned(scan.storages, [item.text for item in scan.stack[-1].items] if scan.stack else [])


class _Scan:
    """The stack and memo of one pickle, and what is left for others after it."""

    def __init__(self) -> None:
        self.stack: list = []
        self.memo: dict[int, Value] = {}
        self.storages: dict[str, int] = {}
        self.left, self.bytes_left = MOST_OPCODES, MOST_COPIED

    def run(self, file: BinaryIO) -> None:
        """Follow a pickle to its end, where its value is alone on the stack."""
        self.stack, self.memo = [], {}
        try:
            for opcode, argument, _ in pickletools.genops(file):
                self.left -= 1
                if self.left < 0:
                    raise PickleError(f"its pickle has more than {MOST_OPCODES:,} steps; save the state_dict() alone")
                self.step(opcode, argument)
        except PickleError:
            raise
        except Exception as error:  # damaged pickles raise errors of almost any type
            raise PickleError(DAMAGED) from error

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
        text, number = argument if isinstance(argument, str) else "", argument if isinstance(argument, int) else None
        for _ in opcode.stack_after:
            self.stack.append(Value(kind, text=text, number=number))

    def _stop(self, _: object) -> None:
        self.stack = [self.pop()]

    # ----------------------------------------------------------------------------------------------------- the stack

    def pop(self) -> Value:
        value = self.stack.pop()
        if value is MARK:
            raise ValueError("a mark where a value was expected")
        return value

    def pop_to_mark(self) -> list[Value]:
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
        self.stack.append(Value(TUPLE))

    def _tuple(self, _: object) -> None:
        self.stack.append(Value(TUPLE, self.pop_to_mark()))

    def _tuple1(self, _: object) -> None:
        self._tuple_of(1)

    def _tuple2(self, _: object) -> None:
        self._tuple_of(2)

    def _tuple3(self, _: object) -> None:
        self._tuple_of(3)

    def _tuple_of(self, count: int) -> None:
        self.stack.append(Value(TUPLE, [self.pop() for _ in range(count)][::-1]))

    def _empty_list(self, _: object) -> None:
        self.stack.append(Value(LIST, []))

    def _list(self, _: object) -> None:
        self.stack.append(Value(LIST, self.pop_to_mark()))

    def _append(self, _: object) -> None:
        item = self.pop()
        self._extend([item])

    def _appends(self, _: object) -> None:
        self._extend(self.pop_to_mark())

    def _extend(self, items: list[Value]) -> None:
        target = self.stack[-1]
        if target.kind != LIST:  # an object whose class is a list's
            target.kind, target.items = LIST, []
        target.items += items

    def _setitem(self, _: object) -> None:
        self.pop()
        self._add_keys([self.pop()])

    def _setitems(self, _: object) -> None:
        self._add_keys(self.pop_to_mark()[::2])

    def _add_keys(self, keys: list[Value]) -> None:
        require_plain(keys)
        self.stack[-1].entries += len(keys)

    def _dict(self, _: object) -> None:
        keys = self.pop_to_mark()[::2]
        self.stack.append(Value(OTHER))
        self._add_keys(keys)

    def _additems(self, _: object) -> None:
        require_plain(self.pop_to_mark())

    def _frozenset(self, _: object) -> None:
        self._additems(_)
        self.stack.append(Value(OTHER))

    # --------------------------------------------------------------------------------------------------------- calls

    def _global(self, name: str) -> None:
        self.stack.append(Value(CALLABLE, text=name))

    def _stack_global(self, _: object) -> None:
        name, module = self.pop(), self.pop()
        self.stack.append(Value(CALLABLE, text=f"{module.text} {name.text}"))

    def _binpersid(self, _: object) -> None:
        key, size, value = stored(self.pop())
        self.storages[key] = max(size, self.storages.get(key, 0))
        self.stack.append(value)

    def _reduce(self, _: object) -> None:
        arguments, function = self.pop(), self.pop()
        self._copy(arguments)
        check_call(function, arguments)
        self.stack.append(Value(OTHER))

    _newobj = _reduce

    def _build(self, _: object) -> None:
        state = self.pop()
        self._copy(state)
        if state.kind == TUPLE and state.items and state.items[0].kind == STORAGE:
            check_view(state.items)
        parts = state.items if state.kind == TUPLE and len(state.items) == 2 else [state]
        if any(part.kind == LIST for part in parts):  # an update from pairs would hash their first items
            raise PickleError(GROWS)
        for part in (state, *parts):
            require_plain(item.items[0] for item in part.items if len(item.items) == 2)

    def _copy(self, value: Value) -> None:
        """Count what a call may copy; a value in the memo can be given to any number of calls."""
        self.bytes_left -= value.cost()
        if self.bytes_left < 0:
            raise PickleError(GROWS)
