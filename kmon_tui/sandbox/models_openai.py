"""The OpenAI protocol, as KServe's HuggingFace server and vLLM speak it: chat, completions, streams."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from kmon_tui.sandbox.models_answers import answered, invalid_json, missing, no_model, not_found


@dataclass(frozen=True, slots=True)
class Said:
    """What the model says, word by word, and how many tokens it read."""

    words: tuple[str, ...]
    prompt_tokens: int
    cut: bool
    """max_tokens ended it."""


class Chat:
    """One language model behind ``/openai/v1`` (KServe) or ``/v1`` (vLLM)."""

    def __init__(self, name: str, prefix: str, token_s: float) -> None:
        self.name = name
        self.prefix = prefix
        self._token_s = token_s
        self._created = int(time.time())

    def about(self, path: str) -> web.Response:
        """Answer ``GET …/models`` and ``…/models/NAME``."""
        if path == f"{self.prefix}/models":
            owner = "" if self.prefix.startswith("/openai") else "vllm"
            entry = {"id": self.name, "created": self._created, "object": "model", "owned_by": owner}
            return answered({"object": "list", "data": [entry]})
        if path == f"{self.prefix}/models/{self.name}":
            return answered(None)
        return not_found()

    async def post(self, request: web.BaseRequest, path: str, body: bytes) -> tuple[web.StreamResponse, int]:
        """Answer a completion; give how many tokens it had."""
        kind = path.removeprefix(f"{self.prefix}/")
        if kind not in ("chat/completions", "completions"):
            return not_found(), 0
        try:
            given = json.loads(body)
        except json.JSONDecodeError as error:
            return invalid_json(error), 0
        field = "messages" if kind == "chat/completions" else "prompt"
        if not isinstance(given, dict) or field not in given:
            return missing(field, given), 0
        if given.get("model") not in (None, self.name):
            return self._unknown(str(given["model"])), 0
        said = _reply(given, field)
        answer = _ChatForm(self.name) if field == "messages" else _TextForm(self.name)
        if given.get("stream"):
            return await self._streamed(request, answer, said), len(said.words)
        await asyncio.sleep(self._token_s * len(said.words))
        return answered(answer.whole(said)), len(said.words)

    def _unknown(self, name: str) -> web.Response:
        if self.prefix.startswith("/openai"):
            return no_model(name)
        text = f"The model `{name}` does not exist."
        return answered({"error": {"message": text, "type": "NotFoundError", "param": "model", "code": 404}}, 404)

    async def _streamed(self, request: web.BaseRequest, form: _ChatForm | _TextForm, said: Said) -> web.StreamResponse:
        stream = web.StreamResponse(headers={"content-type": "text/event-stream; charset=utf-8", "server": "uvicorn"})
        await stream.prepare(request)
        async for chunk in self._chunks(form, said):
            await stream.write(f"data: {chunk}\n\n".encode())
        await stream.write(b"data: [DONE]\n\n")
        await stream.write_eof()
        return stream

    async def _chunks(self, form: _ChatForm | _TextForm, said: Said) -> AsyncIterator[str]:
        for position, word in enumerate(said.words):
            await asyncio.sleep(self._token_s)
            yield json.dumps(form.chunk(word, first=position == 0), separators=(",", ":"))
        reason = "length" if said.cut else "stop"
        yield json.dumps(form.chunk(None, first=False, reason=reason), separators=(",", ":"))


def _reply(given: dict[str, Any], field: str) -> Said:
    """Say back what was asked; a language model of one sentence."""
    asked = given[field]
    if field == "messages" and isinstance(asked, list):
        asked = " ".join(str(m.get("content", "")) for m in asked if isinstance(m, dict) and m.get("role") == "user")
    text = str(asked)
    words = f"You asked: {text.strip() or 'nothing'}".split(" ")
    tokens = [word if i == 0 else f" {word}" for i, word in enumerate(words)]
    limit = given.get("max_completion_tokens") or given.get("max_tokens")
    cut = isinstance(limit, int) and 0 < limit < len(tokens)
    return Said(tuple(tokens[:limit] if cut else tokens), len(text.split()) + 7, cut)


class _Form:
    def __init__(self, model: str, prefix: str, kind: str) -> None:
        self._id = f"{prefix}-{uuid.uuid4().hex}"
        self._model = model
        self._kind = kind
        self._created = int(time.time())

    def _around(self, choice: dict[str, Any], kind: str) -> dict[str, Any]:
        return {
            "id": self._id,
            "choices": [choice],
            "created": self._created,
            "model": self._model,
            "system_fingerprint": None,
            "object": kind,
        }

    @staticmethod
    def _usage(said: Said) -> dict[str, int]:
        count = len(said.words)
        total = said.prompt_tokens + count
        return {"completion_tokens": count, "prompt_tokens": said.prompt_tokens, "total_tokens": total}


class _ChatForm(_Form):
    def __init__(self, model: str) -> None:
        super().__init__(model, "chatcmpl", "chat.completion")

    def whole(self, said: Said) -> dict[str, Any]:
        message = {"content": "".join(said.words), "tool_calls": None, "role": "assistant", "function_call": None}
        reason = "length" if said.cut else "stop"
        choice = {"finish_reason": reason, "index": 0, "message": message, "logprobs": None}
        return {**self._around(choice, self._kind), "usage": self._usage(said)}

    def chunk(self, word: str | None, *, first: bool, reason: str | None = None) -> dict[str, Any]:
        role = "assistant" if first else None
        delta = {"content": word, "function_call": None, "tool_calls": None, "role": role}
        choice = {"delta": delta, "logprobs": None, "finish_reason": reason, "index": 0}
        return self._around(choice, f"{self._kind}.chunk")


class _TextForm(_Form):
    def __init__(self, model: str) -> None:
        super().__init__(model, "cmpl", "text_completion")

    def whole(self, said: Said) -> dict[str, Any]:
        reason = "length" if said.cut else "stop"
        choice = {"finish_reason": reason, "index": 0, "logprobs": None, "text": "".join(said.words)}
        return {**self._around(choice, self._kind), "usage": self._usage(said)}

    def chunk(self, word: str | None, *, first: bool, reason: str | None = None) -> dict[str, Any]:
        choice = {"finish_reason": reason, "index": 0, "logprobs": None, "text": word or ""}
        return self._around(choice, self._kind)
