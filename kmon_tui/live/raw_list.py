"""Lists objects of any kind, once."""

from __future__ import annotations

from kmon_tui.domain.errors import BadAnswer
from kmon_tui.live.asking import Ask
from kmon_tui.live.codec import NotReadable
from kmon_tui.live.kube import KubeClient
from kmon_tui.live.raw import RawCodec, Thing
from kmon_tui.live.resource import Resource

PAGE = 500


async def list_things(
    client: KubeClient, resource: Resource, namespace: str | None, codec: RawCodec, most_pages: int, page: int = PAGE
) -> list[Thing]:
    """Give the objects of a list, of its first pages at most. Raises BackendError."""
    found, _ = await list_pages(client, resource, namespace, codec, most_pages, page)
    return found


async def list_pages(
    client: KubeClient, resource: Resource, namespace: str | None, codec: RawCodec, most_pages: int, page: int = PAGE
) -> tuple[list[Thing], bool]:
    """Give the same, and whether that is all there is. Raises BackendError."""
    ask = Ask("list", resource.title, namespace)
    found: list[Thing] = []
    more = ""
    for _ in range(most_pages):
        query: dict[str, str | int] = {"limit": page}
        if more:
            query["continue"] = more
        body = await client.get_long(resource.path(namespace, **query), ask)
        try:
            got = codec.page(body)
        except NotReadable as error:
            raise BadAnswer(f"{client.server} answers with {error} to {ask}") from error
        found += got.items
        more = got.metadata.more
        if not more:
            break
    return found, not more
