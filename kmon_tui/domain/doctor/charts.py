"""Where a chart comes from, with no address in any command: helm knows its repositories, and the hub knows others."""

from __future__ import annotations

import shlex

COMMUNITY = "prometheus-community"
"""Whose charts of Prometheus these are, and the usual name of their repository."""

ADD_COMMUNITY = (
    f"U=$(helm search hub {COMMUNITY} --list-repo-url -o json | python3 -c 'import json, sys\n"
    'print(next(one["repository"]["url"] for one in json.load(sys.stdin)\n'
    f'           if one["repository"]["name"] == "{COMMUNITY}"))\')    # or the address of your mirror\n'
    f'helm repo add {COMMUNITY} "$U"'
)
"""Asks the hub that helm itself knows (Artifact Hub) where the repository is."""


def find_community(chart: str, version: str) -> str:
    """Set ``C`` to the chart as this machine calls it; where no repository of it has it, add the usual one.

    The version is the one that the release has: without it helm takes the newest chart, whose new values an upgrade
    with ``--reuse-values`` does not have.
    """
    exact = f" --version {shlex.quote(version)}" if version else ""
    return (
        f"C=$(helm search repo {chart}{exact} 2>/dev/null | awk '$1 ~ \"/{chart}$\" {{print $1; exit}}')\n"
        f'[ -n "$C" ] || {{ {ADD_COMMUNITY}; C={COMMUNITY}/{chart}; }}'
    )


def upgrade(release: str, version: str, namespace: str) -> str:
    """Begin the upgrade of a release to other values; its chart ``C`` stays as it is."""
    exact = f" --version {shlex.quote(version)}" if version else ""
    return f'helm upgrade {release} "$C"{exact} -n {namespace} --reuse-values'


def newer(release: str, namespace: str) -> str:
    """Bring a release up to date: the newest of its chart in the repositories that this machine's helm knows."""
    release, namespace = shlex.quote(release), shlex.quote(namespace)
    return (
        f"N=$(helm get metadata {release} -n {namespace} -o json | "
        "python3 -c 'import json, sys; print(json.load(sys.stdin)[\"chart\"])')\n"
        'helm repo update\nC=$(helm search repo "$N" | awk -v name="/$N\\$" \'$1 ~ name {print $1; exit}\')\n'
        f'helm upgrade {release} "${{C:?no repository in helm repo list has the chart $N}}" -n {namespace} \\\n'
        "  --reset-then-reuse-values    # its CRDs' chart first"
    )
