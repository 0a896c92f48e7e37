"""``dataclass(frozen=True, slots=True)`` for values that are there before the first paint: made when it is first used.

The dataclass of the standard library writes and compiles six functions a class,
0.4 ms each time the program starts; the seventy values known by the first paint
took a fifth of the time to it, and most of them are not used until later. Here
a class gets its slots at once and the rest, which is the standard library's, at
the first call of one of those functions. See docs/adr/0008-start.md.
"""

from __future__ import annotations

import dataclasses
import inspect
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:

    def dataclass(**options: bool) -> Callable[[type], type]:
        """Make a class a dataclass; ``frozen=True, slots=True`` and nothing else: at its first use."""
        return _late if options == {"frozen": True, "slots": True} else dataclasses.dataclass(**options)


_ONE_AT_A_TIME = threading.RLock()
"""A class may be used for the first time by two threads at once; a class may complete its base."""
_MADE_LATE = ("__init__", "__repr__", "__eq__", "__hash__")
_READ_LATE = ("__dataclass_fields__", "__dataclass_params__")


class _Fields:
    """Stands where ``replace()`` and ``fields()`` look, and completes the class when they do."""

    def __init__(self, complete: Callable[[], None], name: str) -> None:
        self._complete = complete
        self._name = name

    def __get__(self, value: object, owner: type) -> Any:
        self._complete()
        return getattr(owner, self._name)


def _late(written: type) -> type:
    """Give the class with slots; ``written`` itself becomes the dataclass from which the rest is taken."""
    names = [name for name, kind in inspect.get_annotations(written).items() if "ClassVar" not in str(kind)]
    inherited = [name for base in written.__bases__ for name in getattr(base, "__match_args__", ())]
    space = {
        name: value
        for name, value in written.__dict__.items()
        if name not in names and name not in {"__dict__", "__weakref__"}
    }

    def complete() -> None:
        with _ONE_AT_A_TIME:
            if "__dataclass_fields__" not in written.__dict__:
                made: type = dataclasses.dataclass(frozen=True)(written)
                for name in (*_MADE_LATE, *_READ_LATE):
                    if name not in written_by_hand:
                        setattr(late, name, made.__dict__[name])

    def init(self: object, *values: object, **named: object) -> None:
        with _ONE_AT_A_TIME:
            if late.__dict__["__init__"] is init:
                type.__setattr__(late, "__init__", _init_of(written, names))
        late.__dict__["__init__"](self, *values, **named)

    def first(name: str) -> Callable[..., Any]:
        def call(self: object, *values: object, **named: object) -> Any:
            complete()
            return getattr(late, name)(self, *values, **named)

        return call

    written_by_hand = {name for name in _MADE_LATE if name in space}
    space |= {name: first(name) for name in _MADE_LATE if name not in space}
    if not inherited and "__init__" not in written_by_hand:
        space["__init__"] = init
    space |= {name: _Fields(complete, name) for name in _READ_LATE}
    space |= {"__setattr__": _refuse, "__delattr__": _refuse, "__getstate__": _state, "__setstate__": _set_state}
    space |= {"__slots__": tuple(names), "__match_args__": tuple(dict.fromkeys([*inherited, *names]))}
    late = type(written)(written.__name__, written.__bases__, space)
    late.__qualname__ = written.__qualname__
    return late


def _init_of(written: type, names: list[str]) -> Callable[..., None]:
    """Write the ``__init__`` of a class without bases, with fields that are plain or have a default (or a factory)."""
    known: dict[str, Any] = {"_set": object.__setattr__}
    parameters, body = [], []
    for name in names:
        value, default = name, written.__dict__.get(name, dataclasses.MISSING)
        if isinstance(default, dataclasses.Field):
            factory: object = default.default_factory
            default = default.default
            if factory is not dataclasses.MISSING:
                default = factory  # stands for "not given": nobody passes the factory itself
                value = f"_of_{name}() if {name} is _of_{name} else {name}"
        if default is not dataclasses.MISSING:
            known[f"_of_{name}"] = default
            parameters.append(f"{name}=_of_{name}")
        else:
            parameters.append(name)
        body.append(f"    _set(self, {name!r}, {value})")
    if hasattr(written, "__post_init__"):
        body.append("    self.__post_init__()")
    exec(f"def __init__(self, {', '.join(parameters)}):\n" + "\n".join(body or ["    return"]), known)
    made: Callable[..., None] = known["__init__"]
    return made


def _refuse(self: object, name: str, *_: object) -> None:
    raise dataclasses.FrozenInstanceError(f"cannot change field {name!r}")


def _state(self: Any) -> list[object]:
    return [getattr(self, field.name) for field in dataclasses.fields(self)]


def _set_state(self: Any, state: list[object]) -> None:
    for field, value in zip(dataclasses.fields(self), state, strict=True):
        object.__setattr__(self, field.name, value)
