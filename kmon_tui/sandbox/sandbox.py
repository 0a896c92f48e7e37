"""A whole little cluster as one context manager: start it, point anything at it, and it is gone without a trace."""

from __future__ import annotations

import base64
import json
import tempfile
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from kmon_tui.sandbox.apiserver import ApiServer
from kmon_tui.sandbox.apiserver.definitions import definitions
from kmon_tui.sandbox.faults import Fault
from kmon_tui.sandbox.models import Models
from kmon_tui.sandbox.prometheus import Prometheus
from kmon_tui.sandbox.tls import Authority
from kmon_tui.sandbox.world import World, WorldOptions
from kmon_tui.sandbox.world_synthetic import synthetic


@dataclass(frozen=True, slots=True)
class SandboxOptions:
    """What a sandbox shall be like."""

    world: str = "demo"
    """Which world is played: a folder of sandbox/worlds; "empty" or nothing: an API server without objects.

    ``quiet`` has no services, but a controller for new ones and a Prometheus.
    """
    services: int = 0
    """How many synthetic services there are besides those of the world."""
    events_per_s: float = 0
    """How many changes of synthetic services happen every second."""
    tls: bool = True
    faults: tuple[Fault, ...] = ()
    history_s: float = 3600
    """How far back Prometheus can answer at the start."""
    round_trip_s: float = 0.0
    """Added before each answer of the API server, as if it were far away."""
    speed: float = 1.0
    """How much faster than real life the world moves: 10 makes a minute of rolling take 6 seconds."""
    knative: bool = True
    """Whether Knative is installed, too."""
    scrape_interval_s: float = 5.0
    prometheus_version: str = "2.53.4"
    """What its Prometheus is like: 2.42, 2.53 and 3.5 differ in small things."""
    milliseconds: bool = False
    """Whether queue-proxy counts as Knative <= 1.18 does: revision_request_count, in ms."""


class Sandbox:
    """A cluster on loopback: an API server, and what the world brings with it."""

    def __init__(self, options: SandboxOptions | None = None) -> None:
        self.options = options or SandboxOptions()
        self.api = ApiServer(round_trip_s=self.options.round_trip_s)
        self.kubeconfig = Path()
        """A file named kubeconfig, readable by its owner only, while the sandbox runs."""
        self.prometheus_url = ""
        """Where its Prometheus answers; empty when the world has none."""
        self.authority = Authority()
        self.world: World | None = None
        """What lives in the cluster; None in an empty one."""
        self.folder = Path()
        """A private folder that goes when the sandbox does."""
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Sandbox:
        async with AsyncExitStack() as stack:
            temporary = tempfile.TemporaryDirectory(prefix="kmon-sandbox-")
            self.folder = Path(stack.enter_context(temporary))
            self._install()
            await self._begin_world(stack)
            context = self.authority.server_context(self.folder) if self.options.tls else None
            stack.push_async_callback(self.api.stop)
            await self.api.start(context)
            self.kubeconfig = self.write_kubeconfig("kubeconfig", self.api.token)
            for fault in self.options.faults:
                self.api.faults.add(fault)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._stack.aclose()

    @property
    def models(self) -> Models:
        """The model servers. Raises LookupError in an empty world."""
        return self._lively.models

    @property
    def prometheus(self) -> Prometheus:
        """The Prometheus. Raises LookupError in an empty world."""
        return self._lively.prometheus

    @property
    def _lively(self) -> World:
        if self.world is None:
            raise LookupError("nothing lives in an empty world")
        return self.world

    async def _begin_world(self, stack: AsyncExitStack) -> None:
        options = self.options
        if options.world in ("", "empty"):
            await stack.enter_async_context(synthetic(self.api.store, options.services, options.events_per_s))
            return
        world = World(
            self.api.store,
            WorldOptions(
                name=options.world,
                services=options.services,
                events_per_s=options.events_per_s,
                history_s=options.history_s,
                speed=options.speed,
                scrape_interval_s=options.scrape_interval_s,
                prometheus_version=options.prometheus_version,
                milliseconds=options.milliseconds,
                default_mode="knative" if options.knative else "standard",
            ),
            self.api.pods.logs,
        )
        self.world = await stack.enter_async_context(world)
        self.prometheus_url = world.prometheus.url
        self.api.pods.dial = world.dial_pod

    def write_kubeconfig(self, name: str, token: str, **changes: Any) -> Path:
        """Write another kubeconfig into the sandbox's folder: for another user, or with other cluster fields."""
        cluster: dict[str, Any] = {"server": self.api.url}
        if self.options.tls:
            cluster["certificate-authority-data"] = base64.b64encode(self.authority.certificate_pem).decode()
        cluster.update(changes)
        content = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "sandbox", "cluster": cluster}],
            "users": [{"name": "sandbox", "user": {"token": token}}],
            "contexts": [
                {"name": "sandbox", "context": {"cluster": "sandbox", "user": "sandbox", "namespace": "default"}}
            ],
            "current-context": "sandbox",
        }
        path = self.folder / name
        path.touch(mode=0o600)
        path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")  # JSON is YAML
        return path

    def _install(self) -> None:
        for definition in definitions():
            if self.options.knative or not definition["spec"]["group"].endswith("knative.dev"):
                self.api.store.put(definition)
