"""Whether secrets, config maps and accounts exist that a service names; what is in them is never asked for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from kmon_tui.domain.errors import BackendError, Forbidden, NotFound
from kmon_tui.domain.peek import at, is_ready, kind_of, of_kind, rows, text
from kmon_tui.domain.tree import Blind, Object, Ref, Why
from kmon_tui.live.asking import Ask
from kmon_tui.live.kube import KubeClient

MOST = 8
"""So many are asked for at most, of one service."""
Asked = dict[tuple[str, str, str], Ref | Blind | None]
"""By namespace, kind and name: it does not exist, nobody may say, or there is nothing to tell."""
_PLURALS = {"Secret": "secrets", "ConfigMap": "configmaps", "ServiceAccount": "serviceaccounts"}


class Names(NamedTuple):
    """What was found out about the names."""

    absent: tuple[Ref, ...] = ()
    blind: tuple[Blind, ...] = ()
    left: bool = False
    """Whether there are some that nobody has looked for, because there were too many before them."""


async def look_up(
    client: KubeClient,
    namespace: str,
    root: Object | None,
    objects: Iterable[Object],
    known: Asked | None = None,
    most: int = MOST,
) -> Names:
    """Look whether everything exists that pods which are not ready, or a service without pods, must have.

    What is in ``known`` is not asked again, and it never grows beyond ``most``.
    """
    answers: Asked = {} if known is None else known
    wanted = list(dict.fromkeys(_named(root, tuple(objects))))[:MOST]
    for kind, name in wanted:
        if (namespace, kind, name) not in answers and len(answers) < most:
            answers[namespace, kind, name] = await _ask(client, namespace, kind, name)
    told = [answers.get((namespace, kind, name)) for kind, name in wanted]
    absent = [one for one in told if isinstance(one, Ref)]
    left = any((namespace, kind, name) not in answers for kind, name in wanted)
    return Names(tuple(absent), tuple(dict.fromkeys(one for one in told if isinstance(one, Blind))), left)


async def _ask(client: KubeClient, namespace: str, kind: str, name: str) -> Ref | Blind | None:
    plural = _PLURALS[kind]
    try:
        await client.exists(f"/api/v1/namespaces/{namespace}/{plural}/{name}", Ask("get", plural, namespace))
    except NotFound:
        return Ref(kind, name, namespace)
    except Forbidden as error:
        return Blind(kind, Why.FORBIDDEN, error.message)
    except BackendError:
        return None  # it only explains
    return None


def _named(root: Object | None, objects: tuple[Object, ...]) -> Iterator[tuple[str, str]]:
    pods = of_kind(objects, "Pod")
    waiting = [pod for pod in pods if not is_ready(pod) and text(pod, "status", "phase") in ("", "Pending", "Running")]
    specs = [spec for pod in waiting if isinstance(spec := pod.get("spec"), Mapping)]
    if not pods and root is not None:
        parts = ("predictor", "transformer", "explainer", "template")
        specs = [spec for part in parts if isinstance(spec := at(root, "spec", part), Mapping)]
    accounts = {text(one, "metadata", "name"): one for one in objects if kind_of(one) == "ServiceAccount"}
    for spec in specs:
        yield from _of_spec(spec)
        account = text(spec, "serviceAccountName")
        if account and account != "default" and account not in accounts:
            yield "ServiceAccount", account
        # What it has to reach the model's storage with.
        for one in rows(accounts.get(account), "secrets"):
            if name := text(one, "name"):
                yield "Secret", name


def _of_spec(spec: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    """Give what a pod cannot start without."""
    for volume in rows(spec, "volumes"):
        yield from _of_volume(volume)
        for source in rows(volume, "projected", "sources"):
            yield from _needed("Secret", source.get("secret"), "name")
            yield from _needed("ConfigMap", source.get("configMap"), "name")
    for one in rows(spec, "imagePullSecrets"):
        yield from _needed("Secret", one, "name")
    model = spec.get("model")
    boxes = (*rows(spec, "initContainers"), *rows(spec, "containers"), *([model] if isinstance(model, Mapping) else ()))
    for box in boxes:
        for variable in rows(box, "env"):
            yield from _needed("Secret", at(variable, "valueFrom", "secretKeyRef"), "name")
            yield from _needed("ConfigMap", at(variable, "valueFrom", "configMapKeyRef"), "name")
        for source in rows(box, "envFrom"):
            yield from _needed("Secret", source.get("secretRef"), "name")
            yield from _needed("ConfigMap", source.get("configMapRef"), "name")


def _of_volume(volume: Mapping[str, object]) -> Iterator[tuple[str, str]]:
    yield from _needed("Secret", volume.get("secret"), "secretName")
    yield from _needed("ConfigMap", volume.get("configMap"), "name")


def _needed(kind: str, place: object, field: str) -> Iterator[tuple[str, str]]:
    if isinstance(place, Mapping) and place.get("optional") is not True and (name := text(place, field)):
        yield kind, name
