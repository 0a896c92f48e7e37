"""A cluster through a real kubectl: what the tests write and read with the eyes of somebody else."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.e2e import tools
from tests.e2e.sandbox import plain_environment


@dataclass(frozen=True, slots=True)
class Kubectl:
    """kubectl for one kubeconfig and one namespace."""

    kubeconfig: Path
    namespace: str

    def __call__(self, *arguments: str, given: Any = None, timeout_s: float = 60.0) -> str:
        """Run kubectl, with an object on its stdin if one is given; fails with kubectl's own words."""
        done = subprocess.run(
            [str(tools.kubectl()), "--kubeconfig", str(self.kubeconfig), "-n", self.namespace, *arguments],
            input=json.dumps(given) if given is not None else None,
            stdin=subprocess.DEVNULL if given is None else None,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            env=plain_environment(),
            check=False,
        )
        assert done.returncode == 0, f"kubectl {' '.join(arguments)}: {done.stderr}"
        return done.stdout

    def get(self, *arguments: str) -> Any:
        """Get an object, or a list of them, as JSON."""
        return json.loads(self("get", *arguments, "-o", "json"))

    def create(self, manifest: dict[str, Any]) -> None:
        """Create an object; its status is not taken by a real server, so write it with ``set_status``."""
        self("create", "--validate=false", "-f", "-", given=manifest)

    def set_status(self, resource: str, name: str, status: dict[str, Any]) -> None:
        """Write the status as a controller does: through the subresource, on top of the newest version."""
        patch = json.dumps({"status": status})
        self("patch", resource, name, "--subresource=status", "--type=merge", "-p", patch)

    def delete(self, resource: str, *names: str) -> None:
        """Delete objects and wait until they are gone; those that are not there do not matter."""
        self("delete", resource, *names, "--ignore-not-found", "--wait=true", timeout_s=120)
