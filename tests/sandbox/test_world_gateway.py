"""The gateway of the demo: it knows services by their Host, and wakes one that sleeps."""

from __future__ import annotations

import asyncio

from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.sandbox.world_gateway import NAMESPACE, PORT

BODY = b'{"instances": [[1, 2, 3, 4]]}'
OCR = b'{"inputs": [{"name": "input-0", "shape": [1, 4], "datatype": "FP64", "data": [1, 2, 3, 4]}]}'


async def asked(sandbox: Sandbox, host: str, path: str, body: bytes = BODY) -> bytes:
    """Send a request through the gateway's pod and give all of the answer."""
    assert sandbox.world is not None
    pods = sandbox.api.store.list("", "pods", NAMESPACE)
    reader, writer = await sandbox.world.dial(NAMESPACE, pods[0]["metadata"]["name"], PORT)
    head = f"POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nConnection: close\r\n"
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    answer = await reader.read()
    writer.close()
    return answer


async def test_the_gateway_leads_by_host_and_wakes_who_sleeps() -> None:
    async with Sandbox(SandboxOptions(world="demo", history_s=0, speed=20.0)) as sandbox, asyncio.timeout(60):
        assert sandbox.world is not None
        ocr = sandbox.world.actor("vision", "ocr").state
        assert not ocr.ready_pods()

        known = await asked(sandbox, "sklearn-iris.default.example.com", "/v1/models/sklearn-iris:predict")
        unknown = await asked(sandbox, "nobody.default.example.com", "/v1/models/nobody:predict")
        down = await asked(sandbox, "segmenter-vision.example.com", "/v1/models/segmenter:predict")
        woken = await asked(sandbox, "ocr.vision.example.com", "/v2/models/ocr/infer", OCR)

        assert known.startswith(b"HTTP/1.1 200")
        assert unknown.startswith(b"HTTP/1.1 404")
        assert b"istio-envoy" in unknown
        assert down.startswith(b"HTTP/1.1 503")
        assert woken.startswith(b"HTTP/1.1 200")
        assert len(ocr.ready_pods()) == 1
