"""Every cause that a diagnosis can name, the deepest first: the order in which one explains another."""

from __future__ import annotations

from typing import NamedTuple


class Cause(NamedTuple):
    """One cause."""

    slug: str
    """A word that stays the same between versions."""
    meaning: str
    advice: str


CAUSES: tuple[Cause, ...] = (
    # what keeps pods from being made
    Cause("quota", "a ResourceQuota of the namespace leaves no room for the pod", "free what others hold, or raise it"),
    Cause("limit-range", "a LimitRange of the namespace forbids what the pod asks for", "ask for less, or change it"),
    Cause(
        "pod-security",
        "the namespace's Pod Security level, or OpenShift's constraints, forbid the pod",
        "set the securityContext that it asks for",
    ),
    Cause(
        "service-account-missing", "the ServiceAccount that the pod names does not exist", "create it, or name another"
    ),
    Cause("webhook-denied", "an admission webhook or policy refuses what KServe creates", "do what its message says"),
    Cause(
        "webhook-unreachable",
        "an admission webhook does not answer, or not with a certificate that is trusted",
        "see its pods and certificate",
    ),
    Cause("invalid-pod", "the API server finds the pod invalid", "mend the field that it names"),
    Cause("pods-refused", "the API server refuses the pods for another reason", "read the message"),
    # what keeps pods from a node
    Cause(
        "pvc", "a volume that the pod needs is missing or cannot be bound here", "see the claim and its storage class"
    ),
    Cause(
        "no-gpu",
        "no node has the GPUs, or other devices, free that the pod asks for",
        "free some, ask for fewer, or add a node",
    ),
    Cause(
        "untolerated-taint", "the nodes that would do have a taint that the pod does not tolerate", "add a toleration"
    ),
    Cause("nodes-unwell", "the nodes that would do are cordoned, full or cut off", "see the nodes"),
    Cause("no-cpu-memory", "no node has the CPU or memory free that the pod asks for", "ask for less, or add a node"),
    Cause(
        "node-selector",
        "no node has the labels that the pod asks for",
        "mend nodeSelector or affinity, or label a node",
    ),
    Cause("unschedulable", "no node takes the pod, for another reason", "read the scheduler's message"),
    Cause("scheduling-gated", "a scheduling gate holds the pod back", "see who owns the gate: a queue, mostly Kueue"),
    Cause("evicted", "the node throws the pod out for want of memory or disk", "ask for what it needs"),
    Cause("node-refused", "the node refuses the pod that it was given", "see the node: devices, disk, versions"),
    Cause("node-down", "the node that the pod is on does not answer, or does not exist", "see the node"),
    # what keeps containers from starting
    Cause("image-auth", "the registry does not let the image be pulled", "give the ServiceAccount an imagePullSecret"),
    Cause("image-rate-limit", "the registry's pull limit is used up", "pull with an account, or through a mirror"),
    Cause("image-name", "there is no image of this name and tag", "mend the image, or the runtimeVersion"),
    Cause("image-platform", "the image is not built for the node's kind of CPU", "choose another image or node"),
    Cause(
        "image-registry-unreachable",
        "the registry does not answer, or not in time",
        "see the network, DNS and certificates",
    ),
    Cause("image-pull", "the image cannot be pulled; why is not known any more", "see the events of the pod"),
    Cause("secret-missing", "a Secret that the pod needs, or a key in it, does not exist", "create it"),
    Cause("config-missing", "a ConfigMap that the pod needs, or a key in it, does not exist", "create it"),
    Cause("volume-mount", "a volume cannot be mounted", "see the claim and the storage driver"),
    Cause("pod-network", "the pod gets no network", "see the network plugin on its node"),
    Cause("container-start", "a container cannot be created or started", "mend command, user or mounts"),
    # the model's files
    Cause("storage-scheme", "the model's address is of a kind that is not supported", "mend storageUri"),
    Cause(
        "storage-credentials", "the storage-initializer has no credentials that the storage accepts", "see its Secret"
    ),
    Cause("storage-denied", "the storage does not let the model be read", "give the account the right to read it"),
    Cause(
        "storage-rate-limit",
        "the storage, mostly a hub, turns the pod away: too many requests",
        "fetch with an account, or from a volume",
    ),
    Cause("storage-missing", "there is no model at the address", "mend storageUri"),
    Cause(
        "storage-full",
        "the model, or an image, does not fit on the disk",
        "raise the ephemeral-storage limit, or free the node",
    ),
    Cause("storage-unreachable", "the storage does not answer", "see endpoint, DNS, proxy and certificates"),
    Cause("storage-failed", "the storage-initializer fails for another reason", "read its log"),
    Cause(
        "no-storage-initializer", "the pod has no storage-initializer, so the model is never fetched", "see the webhook"
    ),
    Cause(
        "model-cache",
        "the LocalModelCache that the service takes its model from does not have it on the node",
        "see the cache and its downloads",
    ),
    # the model server
    Cause("oom-killed", "a container needs more memory than its limit", "raise the limit"),
    Cause("gpu-memory", "the model does not fit into the GPU's memory", "use more GPUs, or a smaller context or model"),
    Cause(
        "gpu-driver", "the container finds no usable GPU driver", "see the device plugin and the image's CUDA version"
    ),
    Cause("liveness-killed", "the liveness probe kills the container again and again", "give it more time"),
    Cause("runtime-ambiguous", "several runtimes fit, KServe picked one, and it fails", "name the runtime"),
    Cause("crash-loop", "a container ends soon after its start, again and again", "read its log before the restart"),
    Cause("readiness-probe", "the container runs and its readiness probe fails", "see what the model server says"),
    Cause(
        "readiness-gate",
        "the containers are ready, and a readiness gate of the pod stays shut",
        "see the controller that is to open it",
    ),
    # what the service asks for
    Cause("runtime-missing", "the runtime that the service names does not exist", "mend the name, or create it"),
    Cause("runtime-disabled", "the runtime that the service names is disabled", "enable it, or name another"),
    Cause("runtime-unsupported", "no runtime supports the model's format, version and protocol", "name a runtime"),
    Cause("invalid-spec", "KServe cannot work with the service's spec", "mend the field that it names"),
    Cause(
        "llm-config",
        "a configuration that the service builds on is missing or wrong",
        "mend baseRefs or the configuration",
    ),
    Cause("knative-missing", "the service asks for Knative, which is not installed", "install it, or ask for Standard"),
    Cause("model-load-failed", "the model server cannot load the model", "read the reason that it gives"),
    Cause("runtime-unhealthy", "the model server that is to load the model is itself not healthy", "see its pods"),
    Cause(
        "graph-step-missing", "a step of the graph names a service that does not exist", "create it, or mend the step"
    ),
    Cause("graph-step-not-ready", "a service that the graph needs is not ready", "see that service"),
    # what is known only from above
    Cause("revision-failed", "Knative gave the revision up", "read the revision's message"),
    Cause("deadline-exceeded", "the pods were not ready within the deadline", "see the pods; raise the deadline"),
    Cause("reconcile-failed", "KServe cannot create what the service needs", "read the message"),
    Cause(
        "stale-condition",
        "what a condition complains of is over, and nobody has noticed",
        "make its controller look again",
    ),
    Cause("workload-not-ready", "a workload is not ready; why is not visible", "see the workload"),
    # the way to the model
    Cause("gateway-not-ready", "the gateway is missing or not ready", "see the Gateway"),
    Cause(
        "route-not-accepted",
        "the route is missing, or the gateway does not accept it",
        "mend host, listener or reference",
    ),
    Cause(
        "inference-pool", "the InferencePool is missing, or no gateway has accepted it", "see the Gateway's controller"
    ),
    Cause("ingress-not-configured", "the model is ready and the way to it is not", "see the network layer"),
    Cause("group-degraded", "members of the routing group cannot be resolved", "see the members"),
    Cause("ready-not-serving", "the service says Ready and does not serve", "ask the model, see the endpoints"),
    Cause(
        "trained-model", "a TrainedModel is not taken up by its server of several models", "do what its condition says"
    ),
    # around it
    Cause("autoscaler-metrics", "the autoscaler cannot read its metric", "see the metrics server or Prometheus"),
    Cause("deletion-blocked", "a finalizer keeps the deleted service", "see the controller that owns the finalizer"),
    Cause(
        "controller-silent",
        "a controller, KServe's mostly, has not looked at the service or a part of it",
        "see whether it runs",
    ),
    Cause("canary-ignored", "the canary fields have no effect in this mode", "use the fields of the mode"),
    Cause("gone", "there is no such service (any more)", "look for another name"),
)
"""Beside these there are only ``healthy`` and ``unknown``."""

RANK = {cause.slug: rank for rank, cause in enumerate(CAUSES)}
