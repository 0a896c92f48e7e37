"""Values that become dataclasses at their first use behave as those that are from the beginning."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field, fields, is_dataclass, replace
from typing import Any, ClassVar

import pytest

from kmon_tui.domain import late


def values(make: Callable[..., Any]) -> tuple[type[Any], type[Any]]:
    @make(frozen=True, slots=True)
    class Place:
        """Where."""

        LIMIT: ClassVar[int] = 3
        name: str
        ports: tuple[int, ...] = ()
        secret: str = field(default="", repr=False, compare=False)
        labels: dict[str, str] = field(default_factory=dict)

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("no name")

        @property
        def first(self) -> int | None:
            return self.ports[0] if self.ports else None

    @make(frozen=True, slots=True)
    class Pod(Place):
        uid: str = "u"

        def __hash__(self) -> int:
            return 7

    return Place, Pod


@pytest.fixture(params=["standard", "late"])
def made(request: pytest.FixtureRequest) -> tuple[type[Any], type[Any]]:
    """The same two classes, made by the standard library and by us: each test holds for both."""
    return values(dataclass if request.param == "standard" else late.dataclass)


def test_positions_names_and_defaults(made: tuple[type[Any], type[Any]]) -> None:
    place, pod = made

    assert (place("a", (1,)).ports, place(name="a").labels, pod("a", uid="v").uid) == ((1,), {}, "v")
    assert place("a").labels is not place("a").labels
    assert place("a", (8, 9)).first == 8
    assert place.LIMIT == 3


def test_a_wrong_call_is_a_type_error(made: tuple[type[Any], type[Any]]) -> None:
    with pytest.raises(TypeError, match="name"):
        made[0]()


def test_what_it_checks_of_itself_is_checked(made: tuple[type[Any], type[Any]]) -> None:
    with pytest.raises(ValueError, match="no name"):
        made[1]("")


def test_equal_are_values_of_one_class_whose_compared_fields_are_equal(made: tuple[type[Any], type[Any]]) -> None:
    place, pod = made

    assert place("a", secret="s") == place("a")
    assert place("a") != place("b")
    assert place("a") != pod("a")


def test_a_hash_of_its_own_stays(made: tuple[type[Any], type[Any]]) -> None:
    place, pod = made

    assert hash(pod("a")) == 7
    with pytest.raises(TypeError):
        hash(place("a", labels={}))  # a dict in it


def test_its_words_leave_out_what_is_not_for_eyes(made: tuple[type[Any], type[Any]]) -> None:
    assert repr(made[0]("a", secret="hidden")).endswith("Place(name='a', ports=(), labels={})")


def test_nothing_of_it_can_be_changed(made: tuple[type[Any], type[Any]]) -> None:
    one = made[1]("a")

    with pytest.raises(FrozenInstanceError):
        one.uid = "other"
    with pytest.raises(FrozenInstanceError):
        del one.name
    assert not hasattr(one, "__dict__")


def test_replace_fields_and_patterns_know_it_before_anything_else_was_called(
    made: tuple[type[Any], type[Any]],
) -> None:
    place, pod = made

    assert pod.__match_args__ == ("name", "ports", "secret", "labels", "uid")
    assert is_dataclass(pod)
    assert [one.name for one in fields(pod)] == ["name", "ports", "secret", "labels", "uid"]
    assert replace(place("a"), ports=(2,)).ports == (2,)


def test_a_copy_is_equal(made: tuple[type[Any], type[Any]]) -> None:
    one = made[1]("a", (1,))

    assert copy.deepcopy(one) == one
