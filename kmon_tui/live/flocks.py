"""The pods of each row: most rows have one or two, and ten thousand dicts of one entry would take 2 MB."""

from __future__ import annotations

from kmon_tui.domain.service import Key, Pod

FEW = 16
"""So many pods are looked through one by one."""


class Flocks:
    """Pods by the key of their row, in the order of their coming."""

    def __init__(self) -> None:
        self._few: dict[Key, tuple[Pod, ...]] = {}
        self._many: dict[Key, dict[str, Pod]] = {}
        """By name."""

    def of(self, key: Key) -> tuple[Pod, ...]:
        """Give the pods of a row."""
        many = self._many.get(key) if self._many else None
        return self._few.get(key, ()) if many is None else tuple(many.values())

    def put(self, key: Key, pod: Pod) -> bool:
        """Keep a pod, new or changed; False: it is known as it is."""
        if (many := self._many.get(key)) is not None:
            known = many.get(pod.name)
            many[pod.name] = pod
            return known != pod
        few = self._few.get(key, ())
        for place, one in enumerate(few):
            if one.name == pod.name:
                if one == pod:
                    return False
                self._few[key] = (*few[:place], pod, *few[place + 1 :])
                return True
        if len(few) < FEW:
            self._few[key] = (*few, pod)
        else:
            self._many[key] = {one.name: one for one in (*few, pod)}
            del self._few[key]
        return True

    def drop(self, key: Key, name: str) -> bool:
        """Forget a pod; False: it is not there."""
        if (many := self._many.get(key)) is not None:
            known = many.pop(name, None) is not None
            if not many:
                del self._many[key]
            return known
        few = self._few.get(key, ())
        left = tuple([one for one in few if one.name != name])
        if left:
            self._few[key] = left
        else:
            self._few.pop(key, None)
        return len(left) < len(few)
