"""A real Prometheus that scrapes a cluster's models with the jobs of our own manifest."""

from __future__ import annotations

import json
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import yaml

from tests.e2e import discovery, processes
from tests.e2e.kubectl import Kubectl
from tests.e2e.sandbox import Place

JOBS = Path(__file__).resolve().parents[2] / "manifests" / "scrape-kserve.yaml"


@contextmanager
def scraping(place: Place, binary: Path, folder: Path, *, native: bool, rules: str = "") -> Iterator[str]:
    """Run Prometheus over the pods of this cluster and give its URL; ``native``: it finds the pods by itself.

    ``rules``: a file of rules, evaluated each second.
    """
    with ExitStack() as stack:
        jobs = yaml.safe_load(JOBS.read_text(encoding="utf-8"))
        for job in jobs:
            job["scrape_interval"] = "1s"
        if native:
            for job in jobs:
                for discovered in job["kubernetes_sd_configs"]:
                    discovered["kubeconfig_file"] = str(place.kubeconfig)
        else:
            kubectl = Kubectl(place.kubeconfig, "default")
            bridge = stack.enter_context(discovery.serving(lambda: list(kubectl.get("pods", "-A")["items"])))
            for job in jobs:
                del job["kubernetes_sd_configs"]
                job["http_sd_configs"] = [{"url": bridge, "refresh_interval": "2s"}]
        config: dict[str, Any] = {"global": {"scrape_interval": "1s"}, "scrape_configs": jobs}
        if rules:
            config["global"]["evaluation_interval"] = "1s"
            config["rule_files"] = [rules]
        yield stack.enter_context(running(binary, folder, config))


@contextmanager
def running(binary: Path, folder: Path, config: dict[str, Any], *flags: str) -> Iterator[str]:
    """Run Prometheus with this configuration and give its URL once it is ready."""
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    command = [
        str(binary),
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=warn",
        *flags,
    ]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        processes.wait_until(lambda: _is_ready(url) or process.poll() is not None, 20, "Prometheus is ready")
        assert process.poll() is None, (folder / "prometheus.log").read_text(encoding="utf-8")
        yield url
    finally:
        process.terminate()
        process.wait(20)


def ask(url: str, query: str) -> list[dict[str, Any]]:
    """Ask an instant query and give its vector."""
    body = urllib.parse.urlencode({"query": query}).encode()
    with urllib.request.urlopen(f"{url}/api/v1/query", body, timeout=10) as answer:
        return list(json.load(answer)["data"]["result"])


def wait_for_samples(url: str, query: str, timeout_s: float = 60.0) -> list[dict[str, Any]]:
    """Wait until a query has an answer; the first scrape may come some seconds after the start."""
    processes.wait_until(lambda: bool(ask(url, query)), timeout_s, f"an answer to {query}")
    return ask(url, query)


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/-/ready", timeout=2) as answer:
            return int(answer.status) == 200
    except OSError:
        return False
