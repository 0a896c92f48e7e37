"""Write manifests/prometheus-rule.yaml from manifests/alerts.yaml: the same rules, for the Prometheus operator."""

from __future__ import annotations

from pathlib import Path

MANIFESTS = Path(__file__).resolve().parents[1] / "manifests"
HEAD = """\
# The rules of alerts.yaml as a PrometheusRule, for kube-prometheus-stack and other uses of the Prometheus operator.
# Made by scripts/prometheus_rule.py; change alerts.yaml instead.
#
#   kubectl apply --namespace monitoring -f manifests/prometheus-rule.yaml
#
# The operator of kube-prometheus-stack picks only rules with the label of its Helm release: put yours below, unless
# prometheus.prometheusSpec.ruleSelectorNilUsesHelmValues is false.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: kserve
  labels:
    app.kubernetes.io/name: kmon-tui
    release: prometheus
spec:
"""


def prometheus_rule() -> str:
    """Give the text of the PrometheusRule."""
    rules = (MANIFESTS / "alerts.yaml").read_text(encoding="utf-8")
    lines = rules[rules.index("\ngroups:") + 1 :].splitlines()
    return HEAD + "".join(f"  {line}\n" if line else "\n" for line in lines)


if __name__ == "__main__":
    (MANIFESTS / "prometheus-rule.yaml").write_text(prometheus_rule(), encoding="utf-8")
