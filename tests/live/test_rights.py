"""Which keys would be refused, as the API server tells it in one review."""

from __future__ import annotations

from collections.abc import Mapping

from kmon_tui.domain.doings import Doing
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.kubeconfig import find_access
from kmon_tui.live.rights import KubeRights
from kmon_tui.sandbox.apiserver.access import Rule
from kmon_tui.sandbox.sandbox import Sandbox, SandboxOptions
from kmon_tui.settings import KubeSettings

VIEWER = (Rule("list", "pods"), Rule("get", "services"))
WRITER = (*VIEWER, Rule("create", "pods/portforward"), Rule("*", "inferenceservices", "serving.kserve.io"))


async def missing(*rules: Rule) -> tuple[Mapping[Doing, str], int]:
    """Give what somebody with these rights lacks, and how often the server was asked."""
    async with Sandbox(SandboxOptions(world="empty")) as sandbox:
        token = sandbox.api.access.add_user("jane", rules)
        path = sandbox.write_kubeconfig("jane", token)
        client = KubeClient(find_access(KubeSettings(kubeconfig=str(path))))
        try:
            found = await KubeRights(client).missing("default")
        finally:
            await client.close()
        return found, sum("selfsubject" in record.path for record in sandbox.api.log)


async def test_whoever_may_all_of_it_lacks_nothing_and_one_question_says_so() -> None:
    assert await missing(*WRITER) == ({}, 1)


async def test_a_viewer_is_told_the_right_that_each_key_lacks() -> None:
    found, asked = await missing(*VIEWER)

    assert asked == 1
    assert found == {
        Doing.FORWARD: "create pods/portforward in namespace default",
        Doing.DEPLOY: "create inferenceservices.serving.kserve.io in namespace default",
    }
