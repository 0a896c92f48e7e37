"""What containers and models of services in trouble say: their last lines, their answers, who holds what they wait for.

Here each question is about one pod, so there is a limit for each round; what it leaves is asked in the next one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from kmon_tui.domain.peek import kind_of, of_kind, text
from kmon_tui.domain.service import Key
from kmon_tui.domain.tree import Answer, Blind, Object, ObjectTree, Peak
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.tree_holders import Read, holders
from kmon_tui.live.tree_named import Asked, Names, look_up
from kmon_tui.live.tree_peaks import PeaksOf, peaks, was_killed
from kmon_tui.live.tree_question import Question, answers, question
from kmon_tui.live.tree_tails import Tails

MOST_TAILS = 60
"""So many containers are asked for their last lines in one round."""
MOST_ANSWERS = 20
"""So many models are asked whether they serve in one round."""
ANSWERS_AT_ONCE = 5
"""So many of them at the same time: where there is no way to one, that shows after seconds, and each has its own TLS
connection with 256 KiB of buffer."""
MOST_NAMES = 24
"""So many secrets, config maps and accounts that they name are looked for."""
MOST_SPACES = 4
"""In so many namespaces Prometheus is asked how much memory killed containers had."""
_NO_NAMES = Names()
Inside = tuple[Object | None, Sequence[Object]]
"""A service and all that was found below it."""


class Words:
    """Keeps the last lines from round to round: a container that has not restarted is not asked again."""

    def __init__(self, client: KubeClient, peaks_of: PeaksOf | None = None) -> None:
        self._client, self._peaks_of = client, peaks_of
        self._tails: dict[Key, Tails] = {}
        self._answers: dict[Key, tuple[Answer, ...]] = {}
        self._names: dict[Key, Names] = {}
        self._peaks: dict[str, tuple[Peak, ...]] = {}
        self._holders: dict[Key, tuple[Object, ...]] = {}
        self.unread: set[Key] = set()
        """Of whom not all was asked in the last round: a later one goes on with them."""

    def forget(self, key: Key) -> None:
        """Forget what a service said that is well again."""
        for known in (self._tails, self._answers, self._holders, self._names):
            known.pop(key, None)
        self.unread.discard(key)

    def tree(self, key: Key) -> ObjectTree:
        """Give a tree that has only the words."""
        tails = self._tails.get(key)
        return ObjectTree(
            logs=() if tails is None else tails.found(),
            answers=self._answers.get(key, ()),
            peaks=self._peaks.get(key.namespace, ()),
            absent=self._names.get(key, _NO_NAMES).absent,
        )

    def blind(self, key: Key) -> tuple[Blind, ...]:
        """Say why logs cannot be read, and what may not be looked for; empty when all can."""
        tails = self._tails.get(key)
        logs = () if tails is None or tails.blind is None else (tails.blind,)
        return (*logs, *self._names.get(key, _NO_NAMES).blind)

    def holders(self, key: Key) -> tuple[Object, ...]:
        """Give the pods that hold what the service waits for."""
        return self._holders.get(key, ())

    async def read(self, insides: Mapping[Key, Inside]) -> int:
        """Ask all that may be asked in a round, the first ones first; give how many questions that were."""
        asked = 0
        questions: dict[Key, Question] = {}
        read: Read = {}
        named: Asked = {}
        self.unread = set()
        killed: dict[str, list[Object]] = {}
        for key, (root, found) in insides.items():
            below = [one for one in found if not _elsewhere(key, one)]
            pods = of_kind(below, "Pod")
            self._holders[key] = await holders(self._client, key.namespace, below, read)
            asked += await self._last_lines(key, pods, MOST_TAILS - asked)
            self._note_killed(key, pods, killed)
            if (one := question(key, root, pods)) is None:
                self._answers.pop(key, None)
            elif len(questions) < MOST_ANSWERS:
                questions[key] = one
            else:
                self.unread.add(key)
            names = self._names[key] = await look_up(self._client, key.namespace, root, below, named, MOST_NAMES)
            if names.left:
                self.unread.add(key)
            await asyncio.sleep(0)  # there may be hundreds, and nothing to ask any of them
        await self._ask(questions)
        self._peaks = {space: await peaks(self._peaks_of, space, pods) for space, pods in killed.items()}
        return asked + len(read) + len(named) + len(questions)

    def _note_killed(self, key: Key, pods: Iterable[Object], killed: dict[str, list[Object]]) -> None:
        """Put the pods that were killed for their memory to those of their namespace, in some namespaces a round."""
        dead = [pod for pod in pods if was_killed(pod)] if self._peaks_of is not None else []
        if dead and key.namespace not in killed and len(killed) >= MOST_SPACES:
            self.unread.add(key)
        elif dead:
            killed.setdefault(key.namespace, []).extend(dead)

    async def _ask(self, questions: Mapping[Key, Question]) -> None:
        turns = asyncio.Semaphore(ANSWERS_AT_ONCE)

        async def ask(one: Question) -> tuple[Answer, ...]:
            async with turns:
                return await answers(self._client, one)

        async with asyncio.TaskGroup() as tasks:
            asked = {key: tasks.create_task(ask(one)) for key, one in questions.items()}
        self._answers |= {key: task.result() for key, task in asked.items()}

    async def _last_lines(self, key: Key, pods: Iterable[Object], left: int) -> int:
        tails = self._tails.setdefault(key, Tails(self._client, key.namespace))
        missing = tails.missing(pods)
        for instance in missing[: max(0, left)]:
            await tails.ask(instance)
        if len(missing) > left and tails.blind is None:
            self.unread.add(key)
        return min(len(missing), max(0, left))


def _elsewhere(key: Key, one: Object) -> bool:
    """Say whether this is a pod that only explains: one that fetches models for the nodes."""
    return kind_of(one) == "Pod" and text(one, "metadata", "namespace") != key.namespace
