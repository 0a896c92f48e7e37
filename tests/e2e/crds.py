"""The real schemas of other projects' kinds: fetched as Go modules by ``go mod download``, kept short in .cache/tools.

What is kept of a release is one JSON file: by kind and version the openAPIV3Schema without its descriptions.
Nothing of it is committed. Without Go the test is skipped with the reason; in CI it fails instead.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import tools


@dataclass(frozen=True, slots=True)
class Release:
    """One release of a Go module that holds CustomResourceDefinitions."""

    module: str
    version: str
    folders: tuple[str, ...]
    """Where they lie, the fullest first; the first of them that exists is read, with what is below it."""
    kinds: frozenset[str]

    def __str__(self) -> str:
        return f"{self.module.rsplit('/', 1)[1]}@{self.version}"


def kserve(version: str) -> Release:
    """Give the full CRDs of KServe; up to 0.12 there were no others, and no folder of that name."""
    return Release(
        "github.com/kserve/kserve", version, ("config/crd/full", "config/crd"), frozenset({"InferenceService"})
    )


OPERATOR = Release(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.66.0",
    ("example/prometheus-operator-crd-full",),
    frozenset({"Prometheus", "PrometheusRule"}),
)
KSERVE = tuple(
    kserve(version)
    for version in (
        "v0.10.2",
        "v0.11.2",
        "v0.12.1",
        "v0.13.0",
        "v0.14.1",
        "v0.15.2",
        "v0.16.0",
        "v0.17.0",
        "v0.19.0",
        "v0.20.0",
    )
)


def schemas(release: Release) -> dict[str, dict[str, Any]]:
    """Give the schemas of a release by ``apiVersion/Kind``."""

    def fetch(home: Path) -> None:
        found = dict(_schemas_below(_downloaded(release), release))
        (home / "schemas.json").write_text(json.dumps(found, separators=(",", ":")), encoding="utf-8")

    home = tools.fetched(f"crds-{release}", fetch)
    read: dict[str, dict[str, Any]] = json.loads((home / "schemas.json").read_text(encoding="utf-8"))
    return read


def _downloaded(release: Release) -> Path:
    go = shutil.which("go")
    if go is None:
        tools.unavailable("Go is not installed here, so the real schemas cannot be fetched")
    done = subprocess.run(
        [str(go), "mod", "download", "-json", f"{release.module}@{release.version}"],
        cwd=tools.CACHE,
        env={**os.environ, "GOFLAGS": "-mod=mod"},
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    told = json.loads(done.stdout or "{}")
    if "Dir" not in told:
        tools.unavailable(f"{release} cannot be fetched: {told.get('Error') or done.stderr.strip()}")
    return Path(told["Dir"])


def _schemas_below(module: Path, release: Release) -> Iterator[tuple[str, dict[str, Any]]]:
    folder = next(module / one for one in release.folders if (module / one).is_dir())
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    for path in sorted(folder.rglob("*.yaml")):
        text = path.read_text(encoding="utf-8")
        if not any(f"    kind: {kind}\n" in text for kind in release.kinds):
            continue
        definition = yaml.load(text, loader)
        spec = definition.get("spec", {})
        for version in spec.get("versions", ()):
            if schema := version.get("schema", {}).get("openAPIV3Schema"):
                yield f"{spec['group']}/{version['name']}/{spec['names']['kind']}", _without_words(schema)


def _without_words(schema: Any) -> Any:
    """Take descriptions out, which are most of a schema; a property may well be called so."""
    if isinstance(schema, list):
        return [_without_words(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: _without_words(inner)
        for name, inner in schema.items()
        if not (name == "description" and isinstance(inner, str))
    }
