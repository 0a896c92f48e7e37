"""What -f names, read before anything is asked of the network: files, folders, or standard input."""

from __future__ import annotations

import sys

from kmon_tui.cli.start import Start
from kmon_tui.domain.errors import SettingsError
from kmon_tui.domain.manifest import Bundle, Manifest, ManifestError


def manifests_of(start: Start) -> Bundle:
    """Read all of them. Raises ManifestError."""
    from kmon_tui.live.manifest_files import parse_manifests, read_manifests

    said = start.said.get("file")
    sources = [str(source) for source in said] if isinstance(said, list) else []
    if not sources:
        raise SettingsError("which manifests?", f"kmon-tui {start.command} -f FILE, a folder, or - for standard input.")
    found: list[Manifest] = []
    skipped: list[str] = []
    for source in sources:
        if source == "-":
            found.extend(parse_manifests(sys.stdin.read(), "-"))
        else:
            bundle = read_manifests(source)
            found.extend(bundle.manifests)
            skipped.extend(bundle.skipped)
    if not found:
        raise ManifestError("standard input holds no objects", "A manifest begins with apiVersion and kind.")
    if said_namespace := start.text("namespace"):
        for one in found:
            if one.namespace and one.namespace != said_namespace:
                raise ManifestError(
                    f"{one.origin}: {one.kind} {one.name} is in namespace {one.namespace}, not in {said_namespace}",
                    "Leave -n away, or the namespace in the manifest.",
                )
    return Bundle(tuple(found), tuple(skipped))
