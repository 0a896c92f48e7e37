"""One model to talk to: a body to edit, the answer beside it, what was sent before below."""

from __future__ import annotations

from typing import ClassVar

from textual.actions import SkipAction
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.markup import escape
from textual.widgets import Input, TextArea

from kmon_tui.domain.command import Cancel, Predict, PreparePredict
from kmon_tui.domain.predict_samples import described, wrong_json
from kmon_tui.domain.service import Key
from kmon_tui.domain.state import State
from kmon_tui.render import predict as draw
from kmon_tui.render.lines import Line
from kmon_tui.render.predict_curl import before_curl, curl
from kmon_tui.ui.base import KmonScreen, Surroundings
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.command_row import CommandRow
from kmon_tui.ui.entry_row import EntryRow
from kmon_tui.ui.key_bar import KeyBar
from kmon_tui.ui.messages import Ask
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.predict_talk import Talk, Wish
from kmon_tui.ui.predict_widgets import AnswerView, BodyEditor

MOST_CHECKED = 300_000
"""Characters of a body that are checked at every key; a longer one is checked when it is sent."""

_NOT_IN_BODY = frozenset({"edit", "repeat", "stop", "speech", "way", "body", "curl", "path", "header", "scroll"})


class PredictScreen(KmonScreen):
    """Shows a Talk with one model, and hands keys on to it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        # Some terminals send ctrl+j for Enter; f5 is the same key for sure.
        Binding("f5,ctrl+j", "send", "send", key_display="f5", id="predict.send", priority=True),
        Binding("e,enter", "edit", "edit", id="predict.edit"),
        Binding("R", "repeat", "repeat", id="predict.repeat"),
        Binding("x", "stop", "stop", show=False, id="predict.stop"),
        Binding("o", "speech", "proto", id="predict.protocol"),
        Binding("v", "way", "via", id="predict.via"),
        Binding("n", "body", "body", id="predict.sample"),
        Binding("ctrl+s", "save", "save", key_display="^s", id="predict.save", priority=True),
        Binding("y", "curl", "curl", id="predict.curl"),
        Binding("colon", "command_line", "command line", show=False, id="app.command", priority=True),
        Binding("p", "path", "edit the path", show=False, id="predict.path"),
        Binding("H", "header", "add a header of your own", show=False, id="predict.header"),
        Binding("escape", "leave", "back", id="predict.back"),
        Binding("q", "leave", "back", show=False),
        Binding("j,down", "scroll(1)", "scroll the answer down", show=False, id="predict.down"),
        Binding("k,up", "scroll(-1)", "scroll the answer up", show=False, id="predict.up"),
        Binding("pagedown,space", "scroll(10)", show=False),
        Binding("pageup", "scroll(-10)", show=False),
        Binding("question_mark,f1", "app.help", "help", key_display="?", show=False, id="app.help"),
    ]

    def __init__(self, surroundings: Surroundings, key: Key) -> None:
        super().__init__(surroundings)
        self.talk = Talk(key)
        self._asks = ""
        """What the row at the foot asks for."""

    def compose(self) -> ComposeResult:
        """Lay out the screen."""
        yield LinesView(id="where")
        with Horizontal(id="exchange"):
            yield BodyEditor(id="request")
            with VerticalScroll(id="answer", can_focus=False):
                yield AnswerView(id="answer-lines")
        yield LinesView(id="history")
        yield LinesView(id="outcome")
        yield EntryRow(">", id="asked")
        yield CommandRow()
        yield KeyBar()

    def on_mount(self) -> None:
        """Ask how the model is to be asked."""
        super().on_mount()
        self.query_one("#history").border_title = "history"
        self._send(self.talk.asks(PreparePredict(self.talk.key)))

    def on_resize(self) -> None:
        """Draw for the new size."""
        self.call_after_refresh(self.draw)

    def show(self, state: State) -> None:
        """Follow what was asked for, then draw."""
        self.talk.see(state)
        super().show(state)

    def tick(self) -> None:
        """Count the seconds of a request that runs."""
        super().tick()
        if self.talk.under_way is not None:
            self._draw_answer()

    def draw(self) -> None:
        """Bring everything up to date."""
        talk = self.talk
        pod = talk.answer.pod if talk.answer is not None else ""
        where = draw.where_lines(self.service(talk.key), talk.request, pod, talk.words, self.size.width)
        self.query_one("#where", LinesView).show(where)
        history = self.query_one("#history", LinesView)
        width, height = max(1, history.size.width), max(1, history.size.height)
        history.show(draw.history_lines(talk.history, self.drawing, width, height))
        editor = self.query_one(BodyEditor)
        if editor.text != talk.body:
            editor.load_text(talk.body)
        self._draw_request()
        self._draw_answer()

    def _draw_request(self) -> None:
        editor, talk = self.query_one(BodyEditor), self.talk
        if talk.request is None:
            return
        wrong = wrong_json(talk.body) if len(talk.body) <= MOST_CHECKED else ""
        editor.set_class(bool(wrong), "-failed")
        editor.border_title = escape(f"request  {talk.label}") if talk.label else "request"
        valid = f"valid JSON  {described(talk.body, talk.request.speech)}".rstrip()
        editor.border_subtitle = escape(wrong or valid)

    def _draw_answer(self) -> None:
        talk, waited_s = self.talk, None
        if talk.under_way is not None and isinstance(talk.under_way.command, Predict):
            waited_s = max(0.0, (self.surroundings.now() - talk.under_way.started).total_seconds())
        box = self.query_one("#answer", VerticalScroll)
        box.border_title = draw.answer_title(talk.answer, waited_s)
        box.border_subtitle = draw.answer_foot(talk.answer)
        box.set_class(talk.answer is not None and bool(talk.answer.error), "-failed")
        width = max(8, box.size.width - 2)
        if talk.answer is not None:
            lines = draw.answer_lines(talk.answer, width)
        elif talk.request is None and talk.words:
            lines = draw.idle_lines(f"{talk.words} o asks in another protocol all the same.", "failed", width)
        else:
            lines = draw.idle_lines(
                "waiting for the answer" if waited_s is not None else "nothing sent yet", "dim", width
            )
        self.query_one(AnswerView).tell(lines)
        self.query_one("#outcome", LinesView).show(self._outcome())

    def _outcome(self) -> tuple[Line, Line]:
        """Say where the time went, then what a person ought to know: how a repetition goes before all else."""
        talk, width = self.talk, self.size.width
        told = draw.repetition_line(talk.repetition, width)
        told = told or draw.advice(self.service(talk.key), talk.request, talk.words if talk.request else "")
        return draw.time_line(talk.answer, width), told

    def _send(self, wish: Wish | str) -> bool:
        """Post a wish, or tell why there is none."""
        if isinstance(wish, str):
            self.notify(wish, severity="warning", markup=False)
            return False
        self.post_message(Ask(wish))
        return True

    def on_text_area_changed(self, event: TextArea.Changed) -> None:
        """Check what was typed."""
        event.stop()
        self.talk.type(event.text_area.text)
        self._draw_request()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """While the body is edited only keys that are no characters do something here."""
        return not (action in _NOT_IN_BODY and isinstance(self.focused, TextArea))

    def action_send(self) -> None:
        """Send the body as it is now."""
        if isinstance(self.focused, Input):
            raise SkipAction  # ctrl+j is Enter there
        self._send(self.talk.send())
        self.draw()

    def action_stop(self) -> None:
        """Stop what runs."""
        if self.talk.under_way is not None:
            self.post_message(Ask(Cancel(self.talk.under_way.id)))

    def action_leave(self) -> None:
        """Leave the body, or the screen; what runs is stopped with it."""
        if isinstance(self.focused, TextArea):
            self.set_focus(None)
            return
        self.action_stop()
        self.app.pop_screen()

    def action_edit(self) -> None:
        """Go into the body."""
        self.set_focus(self.query_one(BodyEditor))

    def action_scroll(self, by: int) -> None:
        """Scroll the answer."""
        box = self.query_one("#answer", VerticalScroll)
        box.scroll_to(y=max(0, min(box.scroll_y + by, box.max_scroll_y)), animate=False)

    def action_speech(self) -> None:
        """Speak the next protocol, with a sample for it."""
        self._send(self.talk.other_speech())

    def action_way(self) -> None:
        """Send on the next way."""
        self.talk.other_way()
        self.draw()

    def action_body(self) -> None:
        """Take the sample, or one of the saved bodies."""
        prepared, saved = self.talk.prepared, self.talk.bodies
        if prepared is None:
            return

        def chosen(name: str | None) -> None:
            if name is not None:
                body = saved.get(name)
                self.talk.take(prepared.request.body if body is None else body, name if body is not None else "")
                self.draw()

        if not saved:
            chosen("")
            return
        self.app.push_screen(Chooser("body", [("", "a sample"), *((name, name) for name in saved)]), chosen)

    def action_curl(self) -> None:
        """Copy the request as a curl command."""
        isvc, request = self.service(self.talk.key), self.talk.ready()
        if isvc is None or isinstance(request, str):
            self._send(request if isinstance(request, str) else "the service is not there (any more)")
            return
        address = self.talk.prepared.address if self.talk.prepared is not None else ""
        self.app.copy_to_clipboard(curl(isvc, request, address))
        beside = before_curl(isvc, request)
        self.notify("copied as curl" + (f"; beside it: {beside}" if beside else ""), markup=False, timeout=8)

    def action_repeat(self) -> None:
        """Ask how often to send it."""
        self._open("repeat", "50 4", "how often, how many at once  esc back ")

    def action_save(self) -> None:
        """Ask for the name under which the body is kept."""
        if isinstance(self.focused, Input):
            raise SkipAction
        self._open("save", self.talk.label, "name of the body, kept on this machine  esc back ")

    def action_path(self) -> None:
        """Edit the path."""
        if self.talk.request is not None:
            self._open("path", self.talk.request.path, "path  esc back ")

    def action_header(self) -> None:
        """Ask for a header."""
        self._open("header", "", "Name: value; without a value it is removed  esc back ")

    async def action_command_line(self) -> None:
        """Type a command; in the body the key is a character."""
        if isinstance(self.focused, TextArea):
            raise SkipAction
        await super().action_command_line()

    def _open(self, what: str, text: str, words: str) -> None:
        self._asks = what
        row = self.query_one("#asked", EntryRow)
        row.open(text)
        row.say(words)

    def on_entry_row_typed(self, event: EntryRow.Typed) -> None:
        """Hide a header from the colon on: its value may be a secret."""
        event.stop()
        event.row.query_one(Input).password = self._asks == "header" and ":" in event.text

    def on_entry_row_cancelled(self, event: EntryRow.Cancelled) -> None:
        """Ask no more."""
        event.stop()
        self._close(event.row)

    def on_entry_row_entered(self, event: EntryRow.Entered) -> None:
        """Take what was typed; what cannot be used stays, with what is wrong beside it."""
        event.stop()
        if wrong := self._entered(event.text.strip()):
            event.row.say(f"{wrong} ", failed=True)
            return
        self._close(event.row)
        self.draw()

    def _entered(self, text: str) -> str:
        """Do what was asked for; give what is wrong with it."""
        if self._asks == "path":
            return self.talk.take_path(text)
        if self._asks == "header":
            return self.talk.take_header(text)
        wish = self.talk.repeat(text) if self._asks == "repeat" else self.talk.save(text)
        if isinstance(wish, str):
            return wish
        self._send(wish)
        return ""

    def _close(self, row: EntryRow) -> None:
        field = row.query_one(Input)
        with field.prevent(Input.Changed):
            field.value = ""
        field.password = False
        row.close()
        self.set_focus(None)
