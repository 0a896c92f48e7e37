"""Feels whether an API server that says nothing is quiet or dead: a watch of a frozen one looks like an idle one.

While anything comes from the server nothing is asked; after a silence one small question is, at most three a minute.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from kmon_tui.domain.errors import BackendError, BadAnswer, Forbidden, TimedOut, Unauthorized, Unreachable
from kmon_tui.domain.health import Health, Status
from kmon_tui.live.discovery import served_versions, server_version
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.watch import LIVE, Pace, failing


class Pulse:
    """Whether the server answers; ``health`` is LIVE until it is known not to."""

    def __init__(
        self, client: KubeClient, pace: Pace, changed: Callable[[], None], back: Callable[[], None] = lambda: None
    ) -> None:
        """``back`` is called when it answers after it did not."""
        self.health = LIVE
        self._client, self._pace, self._changed, self._back = client, pace, changed, back
        self._questions: tuple[Callable[[KubeClient], Awaitable[object]], ...] = (served_versions, server_version)
        """What may be asked of whom: one that is forbidden is not asked again for a while, and the next one is."""

    async def run(self) -> None:
        """Feel it until cancelled."""
        while True:
            silent_s = time.monotonic() - self._client.heard_s
            if silent_s < self._pace.quiet_s:
                self._say(LIVE)
                await asyncio.sleep(max(self._pace.quiet_s - silent_s, 0.05))
                continue
            began_s = time.monotonic()
            self._say(await self._felt())
            # A refusal comes at once: the next question must not.
            await asyncio.sleep(max(0.0, began_s + self._pause_s() - time.monotonic()))

    def _pause_s(self) -> float:
        """From one question to the next: soon while there is no answer, late where a login plugin may ask people."""
        if self.health.kind == Unauthorized.__name__:
            return 3 * self._pace.quiet_s
        return self._pace.quiet_s / (2 if self.health.status is Status.FAILING else 1)

    async def _felt(self) -> Health:
        for question in self._questions:
            try:
                async with asyncio.timeout(self._pace.pulse_s):
                    await question(self._client)
            except Forbidden:
                continue
            except (TimedOut, TimeoutError):
                silent_s = time.monotonic() - self._client.heard_s
                hint = "Does it hang, or is the VPN or the network down? What is shown is as old as that."
                return failing(TimedOut(f"no answer from {self._client.server} for {silent_s:.0f} s", hint))
            except (Unreachable, Unauthorized) as error:
                return failing(error)
            except BadAnswer as error:
                return LIVE if error.retry_after_s else failing(error)
            except BackendError:
                return LIVE
            return LIVE
        return LIVE  # it forbids both, so it lives; or it did so not long ago, and watches alone must tell

    def _say(self, health: Health) -> None:
        was, self.health = self.health, health
        if health != was and Status.FAILING in (health.status, was.status):
            self._changed()
        if was.status is Status.FAILING and health.status is Status.LIVE:
            self._back()
