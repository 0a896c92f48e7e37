"""Who may do what: tokens, client certificates, impersonation, rules."""

from __future__ import annotations

import httpx

from kmon_tui.sandbox.apiserver.access import Rule
from tests.sandbox.talk import EVERYWHERE, SERVICES, Talk, isvc, talking, trust

ONE_NAMESPACE = Rule("*", "inferenceservices", "serving.kserve.io", "fraud")


async def may(talk: Talk, token: str, verb: str, namespace: str) -> bool:
    attributes = {"verb": verb, "group": "serving.kserve.io", "resource": "inferenceservices", "namespace": namespace}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    async with talk.client_for(token) as client:
        response = await client.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", json=review)
    return bool(response.json()["status"]["allowed"])


async def test_health_and_version_need_no_token() -> None:
    async with talking() as talk, talk.client_for("") as anyone:
        codes = [(await anyone.get(path)).status_code for path in ("/healthz", "/readyz", "/version", "/apis")]

    assert codes == [200, 200, 200, 403]


async def test_a_wrong_token_is_refused_everywhere() -> None:
    async with talking() as talk, talk.client_for("wrong") as client:
        assert (await client.get("/version")).status_code == 401
        assert (await client.get(SERVICES)).status_code == 401


async def test_a_user_sees_what_the_rules_cover_and_no_more() -> None:
    async with talking() as talk:
        talk.api.store.put(isvc(namespace="fraud"))
        token = talk.api.access.add_user("viewer", [ONE_NAMESPACE])
        async with talk.client_for(token) as client:
            own = await client.get(SERVICES.replace("default", "fraud"))
            everywhere = await client.get(EVERYWHERE)

    assert own.status_code == 200
    assert everywhere.json()["message"] == (
        'inferenceservices.serving.kserve.io is forbidden: User "viewer" cannot list resource "inferenceservices" '
        'in API group "serving.kserve.io" at the cluster scope'
    )


async def test_a_review_agrees_with_the_rules() -> None:
    async with talking() as talk:
        token = talk.api.access.add_user("viewer", [ONE_NAMESPACE])

        assert await may(talk, token, "list", "fraud")
        assert not await may(talk, token, "list", "")
        assert await may(talk, talk.api.token, "delete", "")


async def test_what_is_forbidden_to_all_is_forbidden_to_the_administrator() -> None:
    async with talking() as talk:
        talk.api.access.forbid(Rule(verb="list", resource="inferenceservices", namespace=""))
        refused = await talk.client.get(EVERYWHERE)
        in_a_namespace = await talk.client.get(SERVICES)
        talk.api.access.permit_all_again()
        again = await talk.client.get(EVERYWHERE)

    assert (refused.status_code, in_a_namespace.status_code, again.status_code) == (403, 200, 200)


async def test_a_revoked_token_is_unknown() -> None:
    async with talking() as talk:
        talk.api.access.revoke(talk.api.token)

        assert (await talk.client.get(SERVICES)).status_code == 401


async def test_a_client_certificate_names_a_user() -> None:
    async with talking() as talk:
        path = talk.sandbox.folder / "client.pem"
        path.write_bytes(talk.sandbox.authority.client_pem("ann", ("system:masters",)))
        context = trust(talk.sandbox)
        context.load_cert_chain(path)
        async with httpx.AsyncClient(base_url=talk.api.url, verify=context) as client:
            response = await client.get(SERVICES)

    assert response.status_code == 200
    assert talk.api.log[-1].user == "ann"


async def test_the_administrator_may_act_as_somebody_else() -> None:
    async with talking() as talk:
        headers = {"Impersonate-User": "viewer"}
        response = await talk.client.get(SERVICES, headers=headers)

    assert response.status_code == 403
    assert 'User "viewer" cannot list' in response.json()["message"]


async def test_nobody_else_may() -> None:
    async with talking() as talk, talk.client_for(talk.api.access.add_user("viewer")) as client:
        response = await client.get(SERVICES, headers={"Impersonate-User": "admin"})

    assert 'cannot impersonate resource "users"' in response.json()["message"]


async def test_no_token_is_in_what_the_server_shows_of_itself() -> None:
    async with talking() as talk:
        token = talk.api.access.add_user("viewer")
        await talk.client.get(SERVICES)

        assert talk.api.token not in repr(talk.api.access) + repr(talk.api.log)
        assert token not in repr(talk.api.access)
