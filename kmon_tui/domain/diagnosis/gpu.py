"""Reads from a log that a GPU is too small, or not usable."""

from __future__ import annotations

import re

from kmon_tui.domain.diagnosis.boxes import Box
from kmon_tui.domain.diagnosis.finding import Finding, kubectl
from kmon_tui.domain.diagnosis.reading import line_with, text
from kmon_tui.domain.diagnosis.workloads import PodView
from kmon_tui.domain.verdict import Try

_MEMORY = re.compile(
    r"(?:cuda|hip|gpu)\w*\b[^\n]{0,60}out of memory|(?<!lang\.)(?<!exceptions\.)OutOfMemoryError"
    r"|CUDA_ERROR_OUT_OF_MEMORY|CUBLAS_STATUS_ALLOC_FAILED|OOM when allocating tensor[^\n]*GPU"
    r"|Not enough memory to handle \d+ \w+ tokens|increase --mem-fraction-static"
    r"|No available memory for the cache blocks"
    r"|larger than the (maximum number of tokens|available KV cache memory)"
    r"|free memory on device .* less than desired GPU memory",
    re.I,
)
_DRIVER = re.compile(
    r"no NVIDIA driver|driver version is insufficient|CUDA driver initialization failed|libcuda\.so"
    r"|no CUDA-capable device|Failed to infer device type|nvidia-container-cli|no kernel image is available"
    r"|driver on your system is too old|No CUDA GPUs are available|cudaGetDeviceCount|NVML: |NVMLError_"
    r"|Driver/library version"
    r"|torch\.cuda\.is_available\(\) is False|communicate with the NVIDIA driver",
    re.I,
)
_HARMLESS = re.compile(r"\bwarn|Warning:|stream_executor|dso_loader|cuInit", re.I)
"""Lines that servers write wherever there is no GPU, whether they need one or not."""


def finding(pod: PodView, box: Box, lines: str) -> Finding | None:
    """Read from a log that the GPU is too small, or not usable."""
    if _MEMORY.search(lines):
        line = line_with(_MEMORY, lines)
        return Finding(
            "gpu-memory",
            f"the model does not fit into the GPU of {pod.ref.name}: {line}",
            pod.ref,
            tries=(Try("use more GPUs (tensor parallel), a shorter context (--max-model-len) or a smaller model"),),
        )
    lines = "\n".join(line for line in lines.splitlines() if not _HARMLESS.search(line))
    if _DRIVER.search(lines):
        host = text(pod.object, "spec", "nodeName")
        return Finding(
            "gpu-driver",
            f"{box.name} of {pod.ref.name} finds no usable GPU: {line_with(_DRIVER, lines)}",
            pod.ref,
            shared=f"Node {host}" if host else "",
            tries=(Try("see the node's GPUs", kubectl("describe", *(["node", host] if host else ["nodes"]))),),
        )
    return None
