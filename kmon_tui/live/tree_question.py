"""What a model is asked whose service says Ready, to hear whether it is: which page, of which pod, at which port.

Only servers that are known to have such a page are asked: a custom one may answer 404 and be well.
"""

from __future__ import annotations

import asyncio
import importlib
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote

from kmon_tui.domain.models_of import serves_several
from kmon_tui.domain.peek import is_ready, label, name_of, rows, table, text
from kmon_tui.domain.predict import Speech
from kmon_tui.domain.predict_speech import NoHttp, speech_of
from kmon_tui.domain.readiness import describe
from kmon_tui.domain.service import InferenceService, Key, Kind, Mode
from kmon_tui.domain.tree import Answer, Object
from kmon_tui.live.codec import fit
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.objects import facts_of
from kmon_tui.live.pod_route import PodPort
from kmon_tui.live.shapes import Served

_MODEL_PORT = 8080
_LLM_PORT = 8000
_NAME_FLAGS = ("--model_name", "--model-name")


class Question(NamedTuple):
    """What is asked of whom: one ready pod past its proxy, so that nobody counts it."""

    place: PodPort
    https: bool
    path: str


def question(key: Key, root: Object | None, pods: Iterable[Object]) -> Question | None:
    """Give the question; None when nobody can be asked."""
    facts = facts_of(fit(root, Served), key.kind) if root is not None else None
    row = describe(facts, None) if facts is not None else None
    pod = next((one for one in pods if _serves(key, one)), None)
    path = _path(row, pod, root) if row is not None and row.ready and pod is not None else ""
    return None if not path or pod is None else Question(*_door(key, pod), path)


async def answers(client: KubeClient, asked: Question | None) -> tuple[Answer, ...]:
    """Ask; empty when there is nothing to ask, or no way to the pod, which tells nothing of the model."""
    if asked is None:
        return ()
    await asyncio.to_thread(importlib.import_module, "kmon_tui.live.tree_answers")
    from kmon_tui.live.tree_answers import ask

    return await ask(client, *asked)


def _serves(key: Key, pod: Object) -> bool:
    if text(table(pod, "metadata"), "deletionTimestamp"):
        return False
    ready = is_ready(pod)
    if key.kind is Kind.LLM:
        parts = label(pod, "app.kubernetes.io/component") + label(pod, "kserve.io/component")
        return ready and "scheduler" not in parts and label(pod, "llm-d.ai/role") != "prefill"
    return ready and label(pod, "component") == "predictor"


def _path(row: InferenceService, pod: Object, root: Object | None) -> str:
    """Give the page on which the server tells whether the model is loaded; empty when it may have none."""
    if row.key.kind is Kind.LLM:
        return "/health"
    predictor = table(root, "spec", "predictor")
    if row.key.kind is not Kind.ISVC or row.mode is Mode.MODELMESH or rows(predictor, "containers"):
        return ""
    if serves_several(root):
        return ""  # none of its models is called like the service
    try:
        speech = speech_of(row)
    except NoHttp:
        return ""
    name = quote(_served_as(pod) or row.key.name, safe="")
    return {Speech.V1: f"/v1/models/{name}", Speech.V2: f"/v2/models/{name}/ready"}.get(speech, "")


def _served_as(pod: Object) -> str:
    """Give the name that the container's arguments give to the model."""
    main = _main(pod)
    found = main.get("args")
    args = [arg for arg in found if isinstance(arg, str)] if isinstance(found, list) else []
    for place, arg in enumerate(args):
        flag, equals, value = arg.partition("=")
        if flag in _NAME_FLAGS:
            return value if equals else "".join(args[place + 1 : place + 2])
    return ""


def _main(pod: Object) -> Object:
    containers = rows(pod, "spec", "containers")
    named = [one for one in containers if text(one, "name") in ("kserve-container", "main")]
    return (named or list(containers) or [{}])[0]


def _door(key: Key, pod: Object) -> tuple[PodPort, bool]:
    main = _main(pod)
    port = next((one.get("containerPort") for one in rows(main, "ports")), None)
    usual = _LLM_PORT if key.kind is Kind.LLM else _MODEL_PORT
    https = text(main, "readinessProbe", "httpGet", "scheme").upper() == "HTTPS"
    return PodPort(key.namespace, name_of(pod), port if isinstance(port, int) else usual), https
