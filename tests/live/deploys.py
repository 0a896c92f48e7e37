"""A deployer for an empty sandbox, and manifests for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from kmon_tui.domain.manifest import Manifest
from kmon_tui.live.audit import Audit
from kmon_tui.live.deployer import KubeDeployer
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.manifest_files import parse_manifests
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings

IRIS = """\
apiVersion: serving.kserve.io/v1beta1
kind: InferenceService
metadata:
  name: iris
spec:
  predictor:
    minReplicas: 1
    model:
      modelFormat: {name: sklearn}
      storageUri: gs://models/iris
"""


@dataclass(frozen=True, slots=True)
class Scene:
    """A sandbox and who deploys into it."""

    sandbox: Sandbox
    deployer: KubeDeployer
    audit: Path

    def deployer_of(self, token: str) -> KubeDeployer:
        """Give the deployer of another user."""
        return _deployer(self.sandbox.write_kubeconfig("other", token), self.audit)[0]


@asynccontextmanager
async def a_scene(folder: Path, read_only: str = "") -> AsyncGenerator[Scene]:
    """Start an empty sandbox and deploy into it as its administrator."""
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        deployer, client = _deployer(sandbox.kubeconfig, folder / "audit.jsonl", read_only)
        try:
            yield Scene(sandbox, deployer, folder / "audit.jsonl")
        finally:
            await client.close()


def manifests(text: str = IRIS) -> tuple[Manifest, ...]:
    """Parse a text."""
    return parse_manifests(text, "iris.yaml")


def _deployer(kubeconfig: Path, audit: Path, read_only: str = "") -> tuple[KubeDeployer, KubeClient]:
    access = find_access(KubeSettings(kubeconfig=str(kubeconfig)))
    client = KubeClient(access, answer_s=5.0)
    return KubeDeployer(client, access.place, access.own_namespace, Audit(audit, access.place), read_only), client
