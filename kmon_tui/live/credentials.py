"""What proves who asks, fresh for each request: tokens from files and plugins are renewed here."""

from __future__ import annotations

import asyncio
import base64
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from multidict import CIMultiDict

from kmon_tui import __version__
from kmon_tui.domain.errors import SettingsError, Unauthorized
from kmon_tui.live.access import Access, Login
from kmon_tui.live.exec_plugin import LIMIT_S, last_line, run_plugin
from kmon_tui.live.login import sendable
from kmon_tui.settings import Credential, Secret

READ_AGAIN_S = 60.0
"""A token file is read again when it is older than this; the kubelet rotates it long before it expires."""
RENEW_BEFORE = timedelta(seconds=30)
AGAIN_S = 1.0
"""A plugin is asked no sooner for another token, even if the one that it gave had ended already."""
PATIENT_S = 2.0
"""A plugin that takes longer is told of."""
FAILED_FOR_S = 5.0
"""A plugin that failed is not run again for as long, whoever asks."""
REFUSED_FOR_S = 15.0
"""The same for one whose token was refused after it had been run for that: it may open a browser each time."""


class Headers(CIMultiDict[str]):
    """Headers of a request; they hold a token, so they show themselves to nobody."""

    def __repr__(self) -> str:
        return "Headers(***)"

    __str__ = __repr__

    def __rich_repr__(self) -> Iterator[str]:
        yield "***"


@dataclass(frozen=True, slots=True)
class Proof:
    """The headers that prove who asks, and the client certificate that does."""

    headers: Headers
    certificate: Secret | None = None
    key: Secret | None = None
    issue: int = 0
    """Counts renewals: tells whether a refused proof is still the newest."""


@dataclass(slots=True)
class _Kept:
    """A secret that is kept for a while."""

    value: Credential = field(default_factory=Credential)
    read_s: float = float("-inf")


class Credentials:
    """Gives the proof of who asks; runs the login plugin when there is none that is still good."""

    def __init__(
        self, access: Access, limit_s: float = LIMIT_S, read_again: Callable[[], Access] | None = None
    ) -> None:
        """``limit_s``: longest wait for a login plugin; ``read_again`` reads the kubeconfig anew."""
        self._access, self._read_again = access, read_again
        self._limit_s = limit_s
        self._login = access.login
        self._kept = _Kept()
        self._files: tuple[Secret, Secret] | None = None
        """Certificate and key that were last read from the files of the login."""
        self._issue = 0
        if access.login.credential is not None:
            self._kept = _Kept(access.login.credential, time.monotonic())
        self._turn = asyncio.Lock()
        self._failure: tuple[float, Unauthorized] | None = None
        self._ran_again_s = float("-inf")
        """When the plugin was last run because of a refusal."""
        self._asked_s: float | None = None
        """Since when the login plugin runs."""
        self._said = bytearray()
        """What it has said to people since."""

    @property
    def access(self) -> Access:
        """The way as it is known now: the login may have been read anew."""
        return replace(self._access, login=self._login)

    @property
    def waiting(self) -> str:
        """Name the login plugin that keeps everybody waiting; empty while none does."""
        if (
            self._asked_s is None
            or self._login.plugin is None
            or time.monotonic() - self._asked_s < min(PATIENT_S, self._limit_s / 4)
        ):
            return ""
        said = f"; it says: {last}" if (last := last_line(self._said)) else ""
        return f"waiting for the login plugin {self._login.plugin.command}, {self._limit_s:.0f} s at most{said}"

    async def proof(self) -> Proof:
        """Give the proof to send now. Raises Unauthorized when the plugin or the token file gives none."""
        if self._stale():
            async with self._turn:
                if self._stale():
                    await self._renew()
        login, kept = self._login, self._kept.value
        headers = Headers({"User-Agent": f"kmon-tui/{__version__}", "Accept": "application/json"})
        token = kept.token or login.token
        if token is not None:
            headers["Authorization"] = f"Bearer {token.reveal()}"
        elif login.username and login.password is not None:
            pair = f"{login.username}:{login.password.reveal()}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(pair).decode()}"
        for name, value in login.impersonate:
            headers.add(name, value)
        if login.certificate_file is not None and self._files is None:
            self._files = _pair(login)
        certificate, key = self._files or (login.certificate, login.key)
        return Proof(headers, kept.certificate or certificate, kept.key or key, self._issue)

    async def refused(self, proof: Proof) -> bool:
        """Hear that the server refused a proof (401), and say whether another one is worth a try."""
        if proof.issue != self._issue:
            return True
        async with self._turn:
            if proof.issue != self._issue:
                return True
            if self._login.plugin is None and self._login.token_file is None:
                return self._read_files_again() or await self._look_again()
            if self._login.plugin is not None:
                if time.monotonic() - self._ran_again_s < REFUSED_FOR_S:
                    return False
                self._ran_again_s = time.monotonic()
            before = self._kept.value
            await self._renew()
            return self._login.plugin is not None or self._kept.value != before

    def _read_files_again(self) -> bool:
        """Read the client certificate anew, which somebody may have renewed in its place; True if it is another."""
        if self._login.certificate_file is None:
            return False
        try:
            found = _pair(self._login)
        except Unauthorized:
            return False  # it is being written, or gone: what we have is no worse
        if found == self._files:
            return False
        self._files = found
        self._issue += 1
        return True

    async def _look_again(self) -> bool:
        """Read the kubeconfig anew, where some programs (``oc login``) write each new token; True if it has another."""
        if self._read_again is None:
            return False
        try:
            login = (await asyncio.to_thread(self._read_again)).login
        except SettingsError:
            return False  # it is being written, or gone: what we have is no worse
        if login == self._login:
            return False
        self._login, self._files = login, None
        self._keep(Credential())
        self._kept.read_s = float("-inf")
        return True

    def _stale(self) -> bool:
        kept = self._kept
        if self._login.token_file is not None:
            return time.monotonic() - kept.read_s > READ_AGAIN_S
        if self._login.plugin is None:
            return False
        if kept.read_s == float("-inf"):
            return True
        expires, age_s = kept.value.expires, time.monotonic() - kept.read_s
        if expires is None or age_s < AGAIN_S:
            return False
        left = expires - datetime.now(UTC)
        # Some plugins hand out what they keep until it ends: what comes with seconds to live is used for half of them.
        return left < min(RENEW_BEFORE, (left + timedelta(seconds=age_s)) / 2)

    async def _renew(self) -> None:
        login = self._login
        if login.token_file is not None:
            try:
                fresh = Credential(token=_token_in(login.token_file))
            except Unauthorized:
                if self._kept.value.token is None and login.token is None:
                    raise
                # As kubectl does: the last one that could be read goes on, or the one that stands beside the file.
                fresh = replace(self._kept.value, token=self._kept.value.token or login.token)
            if fresh == self._kept.value:
                self._kept = _Kept(fresh, time.monotonic())
            else:
                self._keep(fresh)
        elif login.plugin is not None:
            if self._failure is not None and time.monotonic() - self._failure[0] < FAILED_FOR_S:
                raise self._failure[1].with_traceback(None)
            self._asked_s, self._said = time.monotonic(), bytearray()
            try:
                credential = await run_plugin(login.plugin, self._access.endpoint, self._limit_s, self._said)
            except Unauthorized as error:
                self._failure = (time.monotonic(), error)
                raise
            finally:
                self._asked_s = None
            self._failure = None
            self._keep(credential)

    def _keep(self, credential: Credential) -> None:
        self._issue += 1
        self._kept = _Kept(credential, time.monotonic())


def _token_in(file: Path) -> Secret:
    """Read a token. Raises Unauthorized."""
    try:
        token = file.read_text().strip()
    except OSError as error:
        raise Unauthorized(f"cannot read the token in {file}: {error.strerror}") from error
    except UnicodeDecodeError:
        token = "\0"
    if not sendable(token):
        raise Unauthorized(f"what is in {file} is no token: it holds a line end, or what is no text")
    return Secret(token)


def _pair(login: Login) -> tuple[Secret, Secret] | None:
    """Read the files of the client certificate and of its key. Raises Unauthorized."""
    if login.certificate_file is None or login.key_file is None:
        return None
    try:
        return Secret(login.certificate_file.read_text()), Secret(login.key_file.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is no text"
        raise Unauthorized(f"cannot read the client certificate {login.certificate_file}: {why}") from error
