"""Write manifests/prometheus-configmap.yaml from manifests/scrape-kserve.yaml: the same jobs, for kubectl apply."""

from __future__ import annotations

from pathlib import Path

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
HEAD = """\
# The scrape jobs of scrape-kserve.yaml as a ConfigMap, for those who apply files instead of helm values.
# Made by scripts/scrape_configmap.py; change scrape-kserve.yaml instead.
#
# It has a name of its own: applying a ConfigMap named prometheus-server would replace all that the chart scrapes.
# Prometheus reads it once the chart mounts it (prometheus-community/prometheus 25.3 and newer; only once):
#
#   kubectl apply --namespace monitoring -f manifests/prometheus-configmap.yaml
#   helm upgrade prometheus prometheus-community/prometheus --namespace monitoring --reuse-values -f - <<'VALUES'
#   scrapeConfigFiles: [/etc/kserve/*.yml]
#   server:
#     extraConfigmapMounts:
#       - {name: kserve-scrape, configMap: kserve-scrape, mountPath: /etc/kserve, readOnly: true}
#   configmapReload:
#     prometheus:
#       extraVolumeDirs: [/etc/kserve]
#       extraConfigmapMounts:
#         - {name: kserve-scrape, configMap: kserve-scrape, mountPath: /etc/kserve, readOnly: true}
#   VALUES
#
# After a later change of this file kubectl apply is enough: the sidecar reloads Prometheus within two minutes.
apiVersion: v1
kind: ConfigMap
metadata:
  name: kserve-scrape
  labels:
    app.kubernetes.io/name: kmon-tui
data:
  kserve.yml: |
    scrape_configs:
"""


def configmap() -> str:
    """Give the text of the ConfigMap."""
    jobs = (MANIFESTS / "scrape-kserve.yaml").read_text(encoding="utf-8")
    lines = jobs[jobs.index("- job_name") :].splitlines()
    return HEAD + "".join(f"      {line}\n" for line in lines)


if __name__ == "__main__":
    (MANIFESTS / "prometheus-configmap.yaml").write_text(configmap(), encoding="utf-8")
