"""Write manifests/prometheus-configmap.yaml from manifests/scrape-kserve.yaml: the same jobs, for kubectl apply.

And the configuration of the sandbox's Prometheus: the jobs that have something to scrape there.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MANIFESTS = ROOT / "manifests"
SANDBOX = ROOT / "kmon_tui" / "sandbox" / "worlds" / "prometheus.yml"
HEAD = """\
# The scrape jobs of scrape-kserve.yaml as a ConfigMap, for those who apply files instead of helm values.
# Made by scripts/scrape_configmap.py; change scrape-kserve.yaml instead.
#
# It has a name of its own: applying a ConfigMap named prometheus-server would replace all that the chart scrapes.
# Prometheus reads it once the chart mounts it (prometheus-community/prometheus 25.3 and newer; only once):
#
#   kubectl apply -n monitoring -f manifests/prometheus-configmap.yaml
#   helm upgrade prometheus prometheus-community/prometheus -n monitoring --reuse-values \\
#     --version "$(helm get metadata prometheus -n monitoring | awk '/^VERSION:/ {print $2}')" -f - <<'VALUES'
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
# Helm replaces lists: where `helm get values` shows one of these already, write these entries below those in it.
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


SANDBOX_HEAD = """\
# The configuration of the sandbox's Prometheus: itself, and the jobs of manifests/scrape-kserve.yaml.
# Made by scripts/scrape_configmap.py.
global:
  scrape_interval: 15s
  evaluation_interval: 1m
scrape_configs:
- job_name: prometheus
  static_configs:
  - targets: ["localhost:9090"]
# the chart's own job for pods that ask for it: Istio's gateway does
- job_name: kubernetes-pods
  kubernetes_sd_configs:
    - role: pod
  relabel_configs:
    - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_scrape]
      action: keep
      regex: "true"
    - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_path]
      regex: (.+)
      target_label: __metrics_path__
    - source_labels: [__meta_kubernetes_pod_annotation_prometheus_io_port, __meta_kubernetes_pod_ip]
      regex: (\\d+);([^:]+)
      replacement: $2:$1
      target_label: __address__
    - source_labels: [__meta_kubernetes_namespace]
      target_label: namespace
    - source_labels: [__meta_kubernetes_pod_name]
      target_label: pod
"""


def sandbox() -> str:
    """Give the text of the sandbox's configuration."""
    jobs = (MANIFESTS / "scrape-kserve.yaml").read_text(encoding="utf-8")
    wanted = jobs[jobs.index("- job_name") : jobs.index("# KServe's controller")]
    return SANDBOX_HEAD + "".join(f"{line}\n" for line in wanted.splitlines() if "scrape_interval" not in line)


if __name__ == "__main__":
    (MANIFESTS / "prometheus-configmap.yaml").write_text(configmap(), encoding="utf-8")
    SANDBOX.write_text(sandbox(), encoding="utf-8")
