"""At which port of a pod its requests are counted: where our scrape jobs look, and where its server usually listens."""

from __future__ import annotations

from kmon_tui.domain.doctor.facts import PodFacts

QUEUE_METRICS, MODEL, LLM, TRITON, MLSERVER = 9091, 8080, 8000, 8002, 8082
PORT, PATH = "prometheus.kserve.io/port", "prometheus.kserve.io/path"


def scraped_port(pod: PodFacts) -> int:
    """Give the port at which the jobs of manifests/scrape-kserve.yaml find what a pod counts."""
    if pod.container("queue-proxy") is not None:
        return QUEUE_METRICS
    asked = pod.annotations.get(PORT, "")
    if "mlserver" in _image(pod) and asked in ("", str(MODEL)):
        return MLSERVER if asked else MODEL
    return int(asked) if asked.isdecimal() else usual_port(pod)


def usual_port(pod: PodFacts) -> int:
    """Give the port that a model server has its metrics at when nobody moved them."""
    if pod.labels.get("app.kubernetes.io/part-of") == "llminferenceservice":
        return LLM
    known = {"tritonserver": TRITON, "mlserver": MLSERVER, "torchserve": MLSERVER}
    return next((port for name, port in known.items() if name in _image(pod)), MODEL)


def _image(pod: PodFacts) -> str:
    model = pod.container("kserve-container")
    return model.image if model is not None else ""
