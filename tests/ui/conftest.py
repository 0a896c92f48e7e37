"""How the tests of the screens make an app: fixed clock, fixed zone, a scripted watcher."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC

import pytest

from kmon_tui.domain.state import State
from kmon_tui.settings import ViewSettings
from kmon_tui.ui.app import KmonApp
from tests.ui.samples import NOW, PatientApp, Script

MakeApp = Callable[..., KmonApp]


@pytest.fixture
def make_app() -> MakeApp:
    """Give a function that makes an app which shows one State."""

    def make(state: State, view: ViewSettings | None = None, **more: object) -> KmonApp:
        return PatientApp(Script(state), view or ViewSettings(), now=lambda: NOW, zone=UTC, **more)  # type: ignore[arg-type]  # of tests

    return make
