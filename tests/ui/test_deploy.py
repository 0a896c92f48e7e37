"""The deploy screen: each stage and each failure as a picture, and what its keys send."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.pilot import Pilot

from kmon_tui.domain.command import Command, Deploy, Rehearse
from kmon_tui.domain.plan import Plan
from kmon_tui.domain.state import State
from kmon_tui.ui.app import KmonApp
from kmon_tui.ui.confirm import DEAF_S
from kmon_tui.ui.deploy_screen import DeployScreen
from kmon_tui.ui.file_chooser import FileChooser
from tests.ui import deploys
from tests.ui.conftest import MakeApp
from tests.ui.samples import ready_state, settled
from tests.ui.test_snapshots import SnapCompare

SOURCE = "manifests/sklearn-iris.yaml"
QUIET_S = DEAF_S + 0.2


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in a folder with manifests: the chooser begins where the program was started."""
    (tmp_path / "manifests").mkdir()
    for name in ("sklearn-iris.yaml", "bert-ner.yaml", "notes.txt"):
        (tmp_path / "manifests" / name).write_text("", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sent(app: KmonApp, kind: type[Command]) -> list[Any]:
    return [command for command in app._watcher.sent if isinstance(command, kind)]  # type: ignore[attr-defined]  # Script


def put(app: KmonApp, state: State) -> None:
    app._watcher.put(state)  # type: ignore[attr-defined]  # Script


async def until(pilot: Pilot[Any], look: Callable[[], object]) -> None:
    """Wait for what ought to come."""
    for _ in range(200):
        if look():
            break
        await pilot.pause(0.02)
    assert look()
    await pilot.pause()


async def choose(pilot: Pilot[Any]) -> KmonApp:
    """Open the screen and choose the second file."""
    app = pilot.app
    assert isinstance(app, KmonApp)
    await settled(pilot)
    await pilot.press("a")
    await until(pilot, lambda: isinstance(app.screen, FileChooser))
    await pilot.press("j", "enter")
    await until(pilot, lambda: sent(app, Rehearse))
    return app


async def look_at(pilot: Pilot[Any], plan: Plan, change: Callable[[State], State] = lambda state: state) -> KmonApp:
    """Let the dry run answer with this plan."""
    app = await choose(pilot)
    state = change(deploys.planned(sent(app, Rehearse)[0], plan))
    put(app, state)
    screen = app.screen
    assert isinstance(screen, DeployScreen)
    await until(pilot, lambda: screen.plan is not None)
    return app


async def agree(pilot: Pilot[Any]) -> None:
    """Apply, and say yes in peace."""
    await pilot.press("a")
    await pilot.pause(QUIET_S)
    await pilot.press("y")
    await pilot.pause(0.3)


async def begin(pilot: Pilot[Any]) -> tuple[KmonApp, Deploy]:
    """Begin a deploy."""
    app = await look_at(pilot, deploys.PLAN)
    await agree(pilot)
    await until(pilot, lambda: sent(app, Deploy))
    return app, sent(app, Deploy)[0]


async def picture_choose(pilot: Pilot[Any]) -> None:
    await settled(pilot)
    await pilot.press("a")
    await until(pilot, lambda: isinstance(pilot.app.screen, FileChooser))


async def picture_diff(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.PLAN)


async def picture_defaults(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.PLAN)
    await pilot.press("D")
    await pilot.pause()


async def picture_question(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.PLAN)
    await pilot.press("a")
    await pilot.pause(0.1)


async def picture_conflict(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.FOUGHT)


async def picture_conflict_question(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.FOUGHT)
    await pilot.press("a")
    await pilot.pause(0.1)


async def picture_argo_question(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.FOUGHT)
    await agree(pilot)


async def picture_protected_question(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.PLAN, lambda state: replace(state, place=replace(state.place, protected=True)))
    await pilot.press("a")
    await pilot.pause(0.1)


async def picture_read_only(pilot: Pilot[Any]) -> None:
    why = "kmon-tui runs read-only (by flag or config file)"
    await look_at(pilot, deploys.PLAN, lambda state: replace(state, place=replace(state.place, read_only=why)))


async def picture_refused(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.REFUSED)


async def picture_unknown_kind(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.UNKNOWN)


async def picture_unknown_left_out(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.UNKNOWN)
    await pilot.press("U")
    await pilot.pause(0.1)


async def picture_forbidden(pilot: Pilot[Any]) -> None:
    await look_at(pilot, deploys.FORBIDDEN)


async def picture_broken_yaml(pilot: Pilot[Any]) -> None:
    app = await choose(pilot)
    words = f"{SOURCE}, document 1 (line 3, column 9) is not YAML: mapping values are not allowed in this context"
    put(app, deploys.after(sent(app, Rehearse)[0], None, False, words, "Mend it; ctrl+r reads it again."))
    await pilot.pause(0.2)


async def picture_waiting(pilot: Pilot[Any]) -> None:
    app, command = await begin(pilot)
    put(app, deploys.running(command))
    await pilot.pause(0.2)


async def picture_failed(pilot: Pilot[Any]) -> None:
    app, command = await begin(pilot)
    put(app, deploys.failed(command))
    await pilot.pause(0.2)


async def picture_failed_and_explained(pilot: Pilot[Any]) -> None:
    app, command = await begin(pilot)
    put(app, deploys.explained(command))
    await pilot.pause(0.2)


async def picture_left_running(pilot: Pilot[Any]) -> None:
    app, command = await begin(pilot)
    put(app, deploys.running(command))
    await pilot.pause(0.2)
    await pilot.press("escape")
    await pilot.pause(0.2)


PICTURES: dict[str, Callable[[Pilot[Any]], Awaitable[None]]] = {
    name.removeprefix("picture_"): draw for name, draw in list(globals().items()) if name.startswith("picture_")
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_stage_and_each_failure_at_80x24(
    name: str, make_app: MakeApp, folder: Path, snap_compare: SnapCompare
) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=(80, 24), run_before=PICTURES[name])


@pytest.mark.parametrize("name", ["diff", "waiting", "failed"])
def test_the_main_stages_at_120x40(name: str, make_app: MakeApp, folder: Path, snap_compare: SnapCompare) -> None:
    assert snap_compare(make_app(ready_state()), terminal_size=(120, 40), run_before=PICTURES[name])


async def test_enter_on_the_question_deploys_nothing(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app = await look_at(pilot, deploys.PLAN)
        await pilot.press("a")
        await pilot.pause(QUIET_S)

        await pilot.press("enter")
        await pilot.pause(0.3)

        assert sent(app, Deploy) == []


async def test_yes_deploys_the_plan_that_was_shown(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        _, command = await begin(pilot)

        assert command.plan is deploys.PLAN
        assert not command.force


async def test_what_the_cluster_does_not_know_is_left_out_only_when_asked(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app = await look_at(pilot, deploys.UNKNOWN)
        await agree(pilot)
        assert sent(app, Deploy) == []

        await pilot.press("U")
        await agree(pilot)
        await until(pilot, lambda: sent(app, Deploy))

        assert [item.title for item in sent(app, Deploy)[0].plan.writes] == [deploys.CHANGED.title]


async def test_fields_of_others_are_a_question_of_their_own(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app = await look_at(pilot, deploys.FOUGHT)
        await agree(pilot)
        assert sent(app, Deploy) == []

        await pilot.pause(QUIET_S)
        await pilot.press("y")
        await until(pilot, lambda: sent(app, Deploy))

        assert sent(app, Deploy)[0].force


@pytest.mark.parametrize("picture", ["read_only", "refused", "forbidden", "unknown_kind"])
async def test_what_cannot_be_applied_is_not_even_asked(picture: str, make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        await PICTURES[picture](pilot)

        await pilot.press("a")
        await pilot.pause(0.2)

        assert isinstance(pilot.app.screen, DeployScreen)


async def test_the_end_of_a_deploy_is_told_on_other_screens(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app, command = await begin(pilot)
        put(app, deploys.running(command))
        await pilot.pause(0.2)
        await pilot.press("escape")
        await pilot.pause(0.2)

        put(app, deploys.failed(command))
        await until(pilot, lambda: app._notifications)

        assert "ModelLoadFailed" in next(iter(app._notifications)).message


async def test_the_screen_comes_back_to_a_deploy_that_runs(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app, command = await begin(pilot)
        put(app, deploys.running(command))
        await pilot.pause(0.2)
        await pilot.press("escape")
        await pilot.pause(0.2)

        await pilot.press("a")
        await pilot.pause(0.3)

        screen = app.screen
        assert isinstance(screen, DeployScreen)
        assert screen.plan is deploys.PLAN


async def test_a_burst_that_opens_the_question_does_not_answer_it(make_app: MakeApp, folder: Path) -> None:
    async with make_app(ready_state()).run_test() as pilot:
        app = await look_at(pilot, deploys.PLAN)

        for key in "ayyyy":
            app.post_message(events.Key(key, key))
        await pilot.pause(QUIET_S)

        assert sent(app, Deploy) == []
