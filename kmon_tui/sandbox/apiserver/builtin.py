"""The kinds that every cluster has, as kube-apiserver 1.36 names them."""

from __future__ import annotations

from collections.abc import Iterator

from kmon_tui.sandbox.apiserver.kinds import ALL_VERBS, Kind, Version

# versions, plural, Kind, N(amespaced) or C(luster), short names, categories, subresources; "-" is none
_TABLE = """
v1 bindings Binding N - - -
v1 configmaps ConfigMap N cm - -
v1 endpoints Endpoints N ep - -
v1 events Event N ev - -
v1 limitranges LimitRange N limits - -
v1 namespaces Namespace C ns - finalize,status
v1 nodes Node C no - proxy,status
v1 persistentvolumeclaims PersistentVolumeClaim N pvc - status
v1 persistentvolumes PersistentVolume C pv - status
v1 pods Pod N po all attach,eviction,exec,log,portforward,proxy,status
v1 replicationcontrollers ReplicationController N rc all scale,status
v1 resourcequotas ResourceQuota N quota - status
v1 secrets Secret N - - -
v1 serviceaccounts ServiceAccount N sa - -
v1 services Service N svc all proxy,status
apiregistration.k8s.io/v1 apiservices APIService C - api-extensions status
apps/v1 controllerrevisions ControllerRevision N - - -
apps/v1 daemonsets DaemonSet N ds all status
apps/v1 deployments Deployment N deploy all scale,status
apps/v1 replicasets ReplicaSet N rs all scale,status
apps/v1 statefulsets StatefulSet N sts all scale,status
events.k8s.io/v1 events Event N ev - -
authentication.k8s.io/v1 selfsubjectreviews SelfSubjectReview C - - -
authentication.k8s.io/v1 tokenreviews TokenReview C - - -
authorization.k8s.io/v1 localsubjectaccessreviews LocalSubjectAccessReview N - - -
authorization.k8s.io/v1 selfsubjectaccessreviews SelfSubjectAccessReview C - - -
authorization.k8s.io/v1 selfsubjectrulesreviews SelfSubjectRulesReview C - - -
authorization.k8s.io/v1 subjectaccessreviews SubjectAccessReview C - - -
autoscaling/v2,v1 horizontalpodautoscalers HorizontalPodAutoscaler N hpa all status
batch/v1 cronjobs CronJob N cj all status
batch/v1 jobs Job N - all status
certificates.k8s.io/v1 certificatesigningrequests CertificateSigningRequest C csr - approval,status
networking.k8s.io/v1 ingressclasses IngressClass C - - -
networking.k8s.io/v1 ingresses Ingress N ing - status
networking.k8s.io/v1 ipaddresses IPAddress C ip - -
networking.k8s.io/v1 networkpolicies NetworkPolicy N netpol - -
networking.k8s.io/v1 servicecidrs ServiceCIDR C - - status
policy/v1 poddisruptionbudgets PodDisruptionBudget N pdb - status
rbac.authorization.k8s.io/v1 clusterrolebindings ClusterRoleBinding C - - -
rbac.authorization.k8s.io/v1 clusterroles ClusterRole C - - -
rbac.authorization.k8s.io/v1 rolebindings RoleBinding N - - -
rbac.authorization.k8s.io/v1 roles Role N - - -
storage.k8s.io/v1 csidrivers CSIDriver C - - -
storage.k8s.io/v1 csinodes CSINode C - - -
storage.k8s.io/v1 csistoragecapacities CSIStorageCapacity N - - -
storage.k8s.io/v1 storageclasses StorageClass C sc - -
storage.k8s.io/v1 volumeattachments VolumeAttachment C - - status
storage.k8s.io/v1 volumeattributesclasses VolumeAttributesClass C vac - -
admissionregistration.k8s.io/v1 mutatingadmissionpolicies MutatingAdmissionPolicy C - api-extensions -
admissionregistration.k8s.io/v1 mutatingadmissionpolicybindings MutatingAdmissionPolicyBinding C - api-extensions -
admissionregistration.k8s.io/v1 mutatingwebhookconfigurations MutatingWebhookConfiguration C - api-extensions -
admissionregistration.k8s.io/v1 validatingadmissionpolicies ValidatingAdmissionPolicy C - api-extensions status
admissionregistration.k8s.io/v1 validatingadmissionpolicybindings ValidatingAdmissionPolicyBinding C - api-extensions -
admissionregistration.k8s.io/v1 validatingwebhookconfigurations ValidatingWebhookConfiguration C - api-extensions -
apiextensions.k8s.io/v1 customresourcedefinitions CustomResourceDefinition C crd,crds api-extensions status
scheduling.k8s.io/v1 priorityclasses PriorityClass C pc - -
coordination.k8s.io/v1 leases Lease N - - -
node.k8s.io/v1 runtimeclasses RuntimeClass C - - -
discovery.k8s.io/v1 endpointslices EndpointSlice N - - -
resource.k8s.io/v1 deviceclasses DeviceClass C - - -
resource.k8s.io/v1 resourceclaims ResourceClaim N - - status
resource.k8s.io/v1 resourceclaimtemplates ResourceClaimTemplate N - - -
resource.k8s.io/v1 resourceslices ResourceSlice C - - -
flowcontrol.apiserver.k8s.io/v1 flowschemas FlowSchema C - - status
flowcontrol.apiserver.k8s.io/v1 prioritylevelconfigurations PriorityLevelConfiguration C - - status
"""

_CREATE_ONLY = ("Binding", "TokenReview", "SelfSubjectReview")
_SINGULAR = {"Endpoints": "endpoints"}


def builtin_kinds() -> Iterator[Kind]:
    """All built-in kinds, in the order of the server's discovery."""
    for line in _TABLE.strip().splitlines():
        versions, plural, kind, scope, short_names, categories, subresources = line.split()
        group, _, names = versions.rpartition("/")
        served = tuple(Version(name, _names(subresources)) for name in names.split(","))
        create_only = kind in _CREATE_ONLY or kind.endswith(("AccessReview", "RulesReview"))
        yield Kind(
            group=group,
            plural=plural,
            kind=kind,
            namespaced=scope == "N",
            versions=served,
            singular=_SINGULAR.get(kind, kind.lower()),
            short_names=_names(short_names),
            categories=_names(categories),
            verbs=("create",) if create_only else ALL_VERBS,
            stored_version=served[0].name,
            stored_as=("", "events") if group == "events.k8s.io" else None,
        )


def _names(text: str) -> tuple[str, ...]:
    return () if text == "-" else tuple(text.split(","))
