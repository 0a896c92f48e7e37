"""What the predict screen knows: the request in the making, what runs, what came, what was sent before."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeAlias

from kmon_tui.domain.command import Predict, PreparePredict, SaveBody
from kmon_tui.domain.predict import (
    Prediction,
    PredictRequest,
    Prepared,
    Repetition,
    SavedBody,
    Sent,
    Speech,
    Via,
    sent_of,
)
from kmon_tui.domain.predict_headers import BadHeader, header_of
from kmon_tui.domain.predict_samples import wrong_json
from kmon_tui.domain.predict_speech import timeout_of
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import Activity, State

Wish: TypeAlias = PreparePredict | Predict | SaveBody
MOST_TIMES, MOST_AT_ONCE = 1_000_000, 256


class Talk:
    """Follows the activities of one screen. Its methods give the next command, or say in words why there is none."""

    def __init__(self, key: Key) -> None:
        self.key = key
        self.request: PredictRequest | None = None
        self.prepared: Prepared | None = None
        self.body = ""
        """The body as it is to be sent; the screen shows it and tells what is typed."""
        self.label = ""
        """Name of the saved body that it came from."""
        self.under_way: Activity | None = None
        self.answer: Prediction | None = None
        self.repetition: Repetition | None = None
        self.history: tuple[Sent, ...] = ()
        self.saved: tuple[SavedBody, ...] = ()
        self.words = ""
        """What is to be said: why something failed, or where a sample came from."""
        self._wish: Wish | None = None
        self._drafts: dict[Speech, str] = {}
        """Bodies that were typed, by protocol: going to and fro loses nothing."""
        self._ended: int | None = None

    def asks(self, wish: Wish) -> Wish:
        """Remember what is asked for, so that its activity is known."""
        self._wish = wish
        self.words = ""
        return wish

    def see(self, state: State) -> None:
        """Take over how far what was asked for is."""
        for activity in state.activity:
            if activity.command is self._wish and activity.id != self._ended:
                self._follow(activity)

    def type(self, body: str) -> None:
        """Take over what was typed."""
        self.body = body
        if self.request is not None:
            self._drafts[self.request.speech] = body

    def take(self, body: str, label: str = "") -> None:
        """Put another body in place of the one of now."""
        self.label = label
        self.type(body)

    def ready(self) -> PredictRequest | str:
        """Give the request with the body of now, or say why it cannot be sent."""
        if self.request is None:
            return self.words or "still looking how to ask the model"
        if self.under_way is not None:
            return "one request is under way; x stops it"
        if wrong := wrong_json(self.body):
            return f"not sent, the body is no JSON: {wrong}"
        known = any(one.name == self.label and one.body == self.body for one in self.saved)
        return replace(self.request, body=self.body, label=self.label if known else "")

    def send(self) -> Wish | str:
        """Send once."""
        request = self.ready()
        if isinstance(request, str):
            return request
        self.answer = self.repetition = None
        return self.asks(Predict(request))

    def repeat(self, text: str) -> Wish | str:
        """Send as often as ``50 4`` says: fifty times, four at once."""
        words = text.lower().replace("x", " ").replace("c", " ").split()
        if not 1 <= len(words) <= 2 or not all(word.isascii() and word.isdecimal() for word in words):
            return "write two numbers, as 50 4"
        times, at_once = int(words[0]), int(words[1]) if len(words) > 1 else 1
        if not 2 <= times <= MOST_TIMES or not 1 <= at_once <= MOST_AT_ONCE:
            return f"from 2 to {MOST_TIMES} times, up to {MOST_AT_ONCE} at once"
        request = self.ready()
        if isinstance(request, str):
            return request
        self.repetition = None
        return self.asks(Predict(request, times, at_once))

    def save(self, name: str) -> Wish | str:
        """Keep the body under a name."""
        if self.request is None or not name:
            return "it needs a name"
        return self.asks(SaveBody(self.key, SavedBody(name, self.request.speech, self.body)))

    def other_speech(self) -> Wish:
        """Speak the next protocol."""
        if self.request is None:
            return self.asks(PreparePredict(self.key, Speech.V2))
        speeches = list(Speech)
        following = speeches[(speeches.index(self.request.speech) + 1) % len(speeches)]
        return self.asks(PreparePredict(self.key, following, self.request.via))

    def other_way(self) -> None:
        """Send on the next way."""
        if self.request is not None:
            ways = list(Via)
            via = ways[(ways.index(self.request.via) + 1) % len(ways)]
            self.request = replace(self.request, via=via, timeout_s=timeout_of(via, self.request.speech))

    def take_path(self, path: str) -> str:
        """Ask another path; give what is wrong with it."""
        if not path.startswith("/") or not path.isascii() or not path.isprintable() or " " in path:
            return "a path begins with / and holds no blank"
        if self.request is not None:
            self.request = replace(self.request, path=path)
        return ""

    def take_header(self, line: str) -> str:
        """Send a header along, or no more when its value is empty; give what is wrong with it."""
        try:
            header = header_of(line)
        except BadHeader as error:
            return error.message
        if self.request is not None:
            others = tuple(one for one in self.request.headers if one.name.lower() != header.name.lower())
            self.request = replace(self.request, headers=(*others, header) if header.value else others)
        return ""

    @property
    def bodies(self) -> dict[str, str]:
        """The saved bodies of the protocol of now, by name."""
        speech = self.request.speech if self.request is not None else None
        return {one.name: one.body for one in self.saved if one.speech is speech}

    def _follow(self, activity: Activity) -> None:
        ended = activity.done is not None
        self.under_way = None if ended else activity
        if ended:
            self._ended = activity.id
            self.words = activity.text
            if activity.done is False and activity.hint:
                self.words = f"{activity.text.rstrip('.')}. {activity.hint}"
        value = activity.value
        if isinstance(value, Prepared):
            self._prepare(value)
        elif isinstance(value, SavedBody) and ended:
            self.saved = (value, *(one for one in self.saved if (one.name, one.speech) != (value.name, value.speech)))
            self.label = value.name
        elif isinstance(value, Prediction) and isinstance(activity.command, Predict):
            self.answer = value
            if ended and value.complete:
                self.history = (sent_of(activity.started, activity.command.request, value), *self.history)
        elif isinstance(value, Repetition):
            self.repetition = value

    def _prepare(self, prepared: Prepared) -> None:
        headers = self.request.headers if self.request is not None else ()
        if self.prepared is None:
            self.history = prepared.history
        self.prepared, self.saved = prepared, prepared.saved
        self.request = replace(prepared.request, headers=headers)
        self.words = prepared.problem or "; ".join(prepared.notes)
        self.take(self._drafts.get(prepared.request.speech, prepared.request.body))
