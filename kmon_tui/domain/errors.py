"""Failures that a person can act on: what happened, and what to do next."""

from __future__ import annotations

from kmon_tui.domain.choice import Choice


class KmonError(Exception):
    """A failure with a message for people and a hint of what to do."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class SettingsError(KmonError):
    """What was configured cannot work; found before anything is asked of the outside."""


class ReadOnly(SettingsError):
    """Writing is switched off: by a flag, by the person's config or by that of the machine."""


class BackendError(KmonError):
    """The outside misbehaved: the cluster, Prometheus, or the way to them."""

    def __init__(self, message: str, hint: str = "", *, retry_after_s: float | None = None) -> None:
        super().__init__(message, hint)
        self.retry_after_s = retry_after_s
        """What the server asked for in Retry-After, if it did."""
        self.choices: tuple[Choice, ...] = ()
        """What could be asked instead."""
        self.asked = ("", "")
        """Who was asked, fit to be shown, and how it was found; empty where that is no question."""
        self.status = 0
        """The HTTP status of the answer; 0: there was none, or it does not matter."""
        self.said = ""
        """What the server wrote about it, in its own words."""


class Unreachable(BackendError):
    """Nobody answered, or what answered is not what was asked for."""


class Unauthorized(BackendError):
    """The server does not know who asks: no credentials, or they have expired (HTTP 401)."""


class Forbidden(BackendError):
    """The server knows who asks, and that one may not (HTTP 403)."""


class NotFound(BackendError):
    """The object, or the kind of object, is not there (HTTP 404)."""


class Absent(NotFound):
    """What a person asked for by name is not there: a finding, not a failure."""


class TimedOut(BackendError):
    """An answer did not come in the time allowed."""


class BadAnswer(BackendError):
    """An answer came that is none: a login page, half a JSON, a status nobody expects."""


class Refused(BackendError):
    """The server understood what was asked, and will not: a conflict, a field that is wrong, a webhook that says no."""
