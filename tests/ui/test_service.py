"""The screen of one service: its tabs, what its keys do, and what it says when something is missing."""

from __future__ import annotations

import base64
from dataclasses import replace
from typing import Any

import pytest

from kmon_tui.domain.command import FollowLogs, LookAt, OpenService, Refresh
from kmon_tui.domain.logs import LogRequest
from kmon_tui.domain.service import Key, Kind
from kmon_tui.domain.state import State
from kmon_tui.domain.tree import ObjectTree
from kmon_tui.domain.verdict import Diagnosis
from kmon_tui.render.lines import text_of
from kmon_tui.ui.chooser import Chooser
from kmon_tui.ui.log_screen import LogScreen
from kmon_tui.ui.page_view import PageView
from kmon_tui.ui.palette import LinesView
from kmon_tui.ui.service_screen import ServiceScreen
from kmon_tui.ui.tab_bar import TABS, Tab
from tests.ui.insides import (
    DOWN,
    FINE,
    FORBIDDEN_PARTS,
    FRAUD,
    FRAUD_ROOT,
    FRAUD_TREE,
    FRAUD_WHY,
    GEMMA,
    IRIS,
    IRIS_TREE,
    IRIS_WHY,
    opened,
)
from tests.ui.samples import ready_state, services, with_fleet
from tests.ui.test_keys import Run, press

FRAUD_OPEN = opened(FRAUD, FRAUD_TREE, FRAUD_WHY)
OPEN = ("j", "enter")
"""Select fraud-xgb and open it."""


def screen_of(run: Run) -> ServiceScreen:
    screen = run.app.screen
    assert isinstance(screen, ServiceScreen)
    return screen


def page(run: Run) -> str:
    """Give the text of the page that is read."""
    view = screen_of(run).view
    assert view is not None
    return view.text


def painted(run: Run) -> str:
    """Give what of the page stands on the terminal."""
    view = screen_of(run).view
    assert view is not None
    return "\n".join(view.render_line(y).text for y in range(view.size.height))


def flowing(run: Run) -> str:
    """Give the text of the page without its line ends."""
    return " ".join(page(run).split())


def foot(run: Run) -> str:
    return "".join(text_of(line) for line in run.app.screen.query_one("#context", LinesView)._lines)


def head(run: Run) -> str:
    return " ".join(text_of(line) for line in run.app.screen.query_one("#head", LinesView)._lines)


def copied(run: Run) -> str:
    return run.app.clipboard


async def test_enter_asks_for_the_inside_of_the_service_and_leaving_lets_it_go() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        asked = [sent for sent in run.watcher.sent if isinstance(sent, OpenService)]
        await press(pilot, "q")
        await pilot.pause()

        assert asked == [OpenService(FRAUD)]
        assert run.watcher.sent[-1] != OpenService(FRAUD)
        assert OpenService(None) in run.watcher.sent


async def test_the_verdict_is_the_first_thing_that_the_eye_meets() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert page(run).splitlines()[0].startswith(" ✖ The storage-initializer may not read s3://risk/fraud")
        assert "(old) lastFailureInfo" in page(run)
        assert "still serving: fraud-xgb-predictor-6c8d4b7f5 takes every request" in flowing(run)


@pytest.mark.parametrize(("key", "tab"), [*((str(n), tab) for n, tab in enumerate(TABS, 1) if tab is not Tab.LOGS)])
async def test_each_number_is_a_tab(key: str, tab: Tab) -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, key)

        assert screen_of(run).tab is tab
        shown = {view.id for view in screen_of(run).query(PageView) if view.display}
        assert shown == (set() if tab is Tab.METRICS else {f"page-{tab.name.lower()}"})


@pytest.mark.parametrize(
    ("key", "tab"),
    [("w", Tab.WHY), ("v", Tab.EVENTS), ("d", Tab.DESCRIBE), ("y", Tab.YAML)],
)
async def test_the_fleet_opens_each_tab_by_its_letter(key: str, tab: Tab) -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "j", key)

        assert (screen_of(run).key, screen_of(run).tab) == (FRAUD, tab)


async def test_tab_and_shift_tab_go_round() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "tab", "tab")
        there = screen_of(run).tab
        await press(pilot, "shift+tab", "shift+tab", "shift+tab")

        assert (there, screen_of(run).tab) == (Tab.REVISIONS, Tab.YAML)


async def test_the_seventh_tab_is_the_logs_and_tab_leads_on_from_there() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "7")
        logs = run.app.screen
        await press(pilot, "tab")

        assert isinstance(logs, LogScreen)
        assert FollowLogs(LogRequest(FRAUD)) in run.watcher.sent
        assert screen_of(run).tab is Tab.YAML
        assert len(run.app.screen_stack) == 2


async def test_enter_copies_the_command_that_is_marked() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN, "enter")

        assert copied(run) == "kubectl -n risk get serviceaccount default -o yaml"


async def test_enter_on_a_try_with_a_key_does_what_the_key_does() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN, "j", "enter")

        assert isinstance(run.app.screen, LogScreen)
        assert run.app.screen.request.previous


async def test_a_try_names_no_key_that_does_nothing_here() -> None:
    tries = (replace_key(FRAUD_WHY, "j"), replace_key(FRAUD_WHY, "Z"))
    shown = []
    for diagnosis in tries:
        run = Run(opened(FRAUD, FRAUD_TREE, diagnosis))
        async with run.app.run_test(size=(80, 40)) as pilot:
            await press(pilot, *OPEN)
            shown.append(any(line.endswith((" j", " Z", " j ", " Z ")) for line in page(run).splitlines()))

    assert shown == [True, False]


def replace_key(diagnosis: Diagnosis, key: str) -> Diagnosis:
    return replace(diagnosis, tries=(diagnosis.tries[1]._replace(key=key),))


@pytest.mark.parametrize("key", ["enter", "l"])
async def test_a_pod_leads_to_its_logs(key: str) -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "4", "j", key)

        assert FollowLogs(LogRequest(FRAUD, pods=("fraud-xgb-predictor-6c8d4b7f5-q9w8e",))) in run.watcher.sent


async def test_p_asks_for_the_logs_of_before_the_restart() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "p")

        assert FollowLogs(LogRequest(FRAUD, previous=True, follow=False)) in run.watcher.sent


async def test_conditions_are_sorted_and_stopped_false_is_no_fault() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN, "2")
        lines = page(run).splitlines()

        types = [line.split()[2] for line in lines if line.startswith(("  ✖", "  ●", "  ?", "  ·"))]
        assert types[:5] == ["Ready", "PredictorReady", "IngressReady", "LatestDeploymentReady", "Stopped"]
        assert any(line.startswith("  · False") and "Stopped" in line for line in lines)


async def test_a_canary_field_that_does_nothing_here_is_named() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "3")

        assert "canaryTrafficPercent: 20 is ignored in Standard mode" in flowing(run)


async def test_events_begin_at_their_end_and_follow_it() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 16)) as pilot:
        await press(pilot, *OPEN, "6")
        view = screen_of(run).view
        assert view is not None
        before = view.scroll_offset.y
        more = tuple({**FRAUD_TREE.events[0], "reason": f"More{n}", "message": f"word {n}"} for n in range(9))
        tree = replace(FRAUD_TREE, events=(*FRAUD_TREE.events, *(_later(one) for one in more)))
        run.watcher.put(opened(FRAUD, tree, FRAUD_WHY))
        await press(pilot)
        await pilot.pause(0.05)

        assert view.scroll_offset.y > before
        assert view.scroll_offset.y + view.size.height == len(page(run).splitlines())


def _later(event: dict[str, Any]) -> dict[str, Any]:
    return {**event, "lastTimestamp": "2026-11-22T12:41:00Z"}


async def test_what_somebody_changes_meanwhile_is_told_with_field_values_and_name() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 40)) as pilot:
        await press(pilot, *OPEN, "6")
        entry = {
            **FRAUD_ROOT["metadata"]["managedFields"][0],
            "manager": "kubectl-edit",
            "time": "2026-11-22T12:41:00Z",
        }
        metadata = {**FRAUD_ROOT["metadata"], "resourceVersion": "4712", "generation": 5, "managedFields": [entry]}
        predictor = {**FRAUD_ROOT["spec"]["predictor"], "minReplicas": 3}
        root = {**FRAUD_ROOT, "metadata": metadata, "spec": {"predictor": predictor}}
        run.watcher.put(opened(FRAUD, replace(FRAUD_TREE, root=root), FRAUD_WHY))
        await press(pilot)
        await pilot.pause(0.05)

        assert "by kubectl-edit: generation 5: spec.predictor.minReplicas: 2 -> 3" in flowing(run)


async def test_yaml_is_searched_and_copied() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "y", "slash", *"storageuri", "enter")
        found = foot(run)
        await press(pilot, "escape", "y")

        assert found.startswith(" /storageuri   1 of 1")
        assert "storageUri: s3://risk/fraud" in copied(run)
        assert "managedFields" not in copied(run)
        assert screen_of(run).tab is Tab.YAML


async def test_a_long_value_is_cut_with_a_mark_and_scrolled_to_by_a_search() -> None:
    noted = {**FRAUD_ROOT["metadata"], "annotations": {"note": "x" * 300 + "needle"}}
    run = Run(opened(FRAUD, replace(FRAUD_TREE, root={**FRAUD_ROOT, "metadata": noted}), FRAUD_WHY))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "y")
        cut = painted(run)
        await press(pilot, "slash", *"needle", "enter")

        assert "xxx…" in cut
        assert "needle" not in cut
        assert "xneedle" in painted(run)
        assert "…" in painted(run)


async def test_the_yaml_of_a_child_can_be_chosen_and_managed_fields_shown() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN, "8", "M")
        managed = "managedFields" in page(run)
        await press(pilot, "o")
        assert isinstance(run.app.screen, Chooser)
        await press(pilot, "j", "enter")
        await pilot.pause(0.05)

        assert managed
        assert "kind: Deployment" in page(run)
        assert foot(run).startswith(" Deployment risk/fraud-xgb-predictor   o another object")


async def test_enter_on_an_event_shows_the_object_it_is_about() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "6", "enter")
        await pilot.pause(0.05)

        assert screen_of(run).tab is Tab.YAML
        assert "name: fraud-xgb-predictor-7f9c5d6b8-x4k2p" in page(run)


async def test_describe_has_the_why_block_on_top_and_everything_below() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 40)) as pilot:
        await press(pilot, *OPEN, "d")
        text = page(run)

        assert text.startswith(" ✖ The storage-initializer may not read")
        places = [text.index(word) for word in ("WHAT IT ASKS FOR", "CONDITIONS", "REVISIONS", "PODS", "EVENTS")]
        assert places == sorted(places)
        assert "s3://risk/fraud" in text


async def test_q_ends_the_search_first_and_then_leads_back() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "slash", *"pod", "enter", "n", "q")
        still = run.app.screen
        await press(pilot, "q")

        assert isinstance(still, ServiceScreen)
        assert run.app.screen is run.fleet


async def test_other_keys_mean_this_service() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "ctrl+r")

        looked = [sent for sent in run.watcher.sent if isinstance(sent, LookAt)]
        assert looked[-1].selected == FRAUD
        assert Refresh() in run.watcher.sent


async def test_the_help_of_a_service_names_its_tabs() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 60)) as pilot:
        await press(pilot, *OPEN, "question_mark")
        words = " ".join(text_of(line) for line in run.app.screen.query_one("#text", LinesView)._lines)

        for said in ("describe", "next tab", "1-8"):
            assert said in words


async def test_before_anything_is_read_it_says_what_the_list_knows_and_that_more_comes() -> None:
    run = Run(opened(FRAUD, None, None))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        why = flowing(run)
        await press(pilot, "4")

        assert "ModelLoadFailed: storage-initializer: 403 AccessDenied" in why
        assert "are being read" in why
        assert flowing(run) == "pods: being read ..."


async def test_a_verdict_of_the_fleet_stands_until_the_tree_is_there() -> None:
    state = replace(opened(FRAUD, None, None), reasons={FRAUD: FRAUD_WHY})
    run = Run(state)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert page(run).startswith(" ✖ The storage-initializer")


@pytest.mark.parametrize("tab", ["3", "4", "6", "8"])
async def test_while_the_api_is_away_each_tab_says_why_and_what_to_press(tab: str) -> None:
    run = Run(opened(FRAUD, None, None, DOWN))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, tab)

        assert "no answer from https://10.0.0.1:6443" in flowing(run)
        assert "ctrl+r tries now" in flowing(run)


async def test_an_old_tree_stays_and_the_foot_says_how_old_it_is() -> None:
    run = Run(opened(FRAUD, FRAUD_TREE, FRAUD_WHY, DOWN))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "4")

        assert "7f9c5d6b8-x4k2p" in page(run)
        assert foot(run).startswith(" api: no answer from https://10.0.0.1:6443  shown is what it was, 1m old")


@pytest.mark.parametrize(
    ("tab", "words"),
    [("4", "may not list pods in namespace risk"), ("6", "may not list events in namespace risk")],
)
async def test_a_missing_right_costs_its_tab_alone_and_says_which(tab: str, words: str) -> None:
    tree = ObjectTree(root=FRAUD_ROOT, blind=FORBIDDEN_PARTS, synced=True)
    run = Run(opened(FRAUD, tree, FRAUD_WHY))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, tab)

        assert words in flowing(run)
        assert "manifests/rbac.yaml" in flowing(run)
        assert "may not list" in foot(run)


async def test_a_kind_that_is_not_installed_is_no_fault() -> None:
    tree = ObjectTree(root=FRAUD_ROOT, blind=FORBIDDEN_PARTS[2:], synced=True)
    run = Run(opened(FRAUD, tree, FRAUD_WHY))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "3")

        assert "not installed" not in flowing(run) + foot(run)
        assert "No revision yet" in flowing(run)


async def test_a_deleted_service_keeps_what_was_known_and_says_so() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "8")
        left = tuple(one for one in services() if one.key != FRAUD)
        run.watcher.put(with_fleet(opened(FRAUD, replace(FRAUD_TREE, root=None, objects=()), FRAUD_WHY), services=left))
        await press(pilot)
        await pilot.pause(0.05)

        assert "not there (any more)" in head(run)
        assert "was deleted; shown is what it was" in foot(run)
        assert "storageUri: s3://risk/fraud" in page(run)


async def test_in_another_context_nothing_is_said_to_be_deleted() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "8")
        elsewhere = with_fleet(opened(FRAUD, None, None), services=())
        run.watcher.put(replace(elsewhere, place=replace(elsewhere.place, context="staging")))
        await pilot.pause(0.1)

        assert "risk/fraud-xgb is not there. q goes back" in foot(run)
        assert "storageUri" not in page(run)


async def test_a_service_outside_the_watched_namespace_is_not_said_to_be_deleted() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN)
        run.watcher.put(with_fleet(FRAUD_OPEN, services=(), namespace="llm"))
        await pilot.pause(0.1)

        assert "not in the list, which is of namespace llm" in head(run)
        assert "deleted" not in foot(run)


async def test_a_service_that_was_made_anew_says_so() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN)
        metadata = {**FRAUD_ROOT["metadata"], "uid": "another", "resourceVersion": "9000"}
        tree = replace(FRAUD_TREE, root={**FRAUD_ROOT, "metadata": metadata})
        run.watcher.put(opened(FRAUD, tree, FRAUD_WHY))
        await pilot.pause(0.1)

        assert "was deleted and made anew while you looked at it" in foot(run)


async def test_one_fault_of_many_services_names_the_others() -> None:
    shared = replace(FRAUD_WHY, shared="Secret risk/s3-creds")
    others = [Key(Kind.ISVC, "risk", f"model-{n}") for n in range(5)]
    reasons = {FRAUD: shared, **dict.fromkeys(others, shared), GEMMA: replace(shared, shared="Secret llm/other")}
    run = Run(replace(opened(FRAUD, FRAUD_TREE, shared), reasons=reasons))
    async with run.app.run_test(size=(80, 40)) as pilot:
        await press(pilot, *OPEN)

        said = "also hits: risk/model-0, risk/model-1, risk/model-2 and 2 more, through Secret risk/s3-creds"
        assert said in flowing(run)


async def test_another_services_tree_is_not_shown() -> None:
    run = Run(opened(IRIS, IRIS_TREE, IRIS_WHY))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert "killed for memory" not in page(run)
        assert "being read" in page(run)


async def test_a_healthy_service_is_told_without_alarm() -> None:
    run = Run(opened(GEMMA, FRAUD_TREE, FINE))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "enter")

        assert "It is ready, and both of its pods serve." in page(run)
        assert "because" not in page(run)


@pytest.mark.parametrize(("size", "panes"), [((80, 24), 1), ((120, 24), 1), ((120, 40), 4), ((200, 60), 5)])
async def test_more_room_shows_more_panes(size: tuple[int, int], panes: int) -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=size) as pilot:
        await press(pilot, *OPEN)

        assert len([view for view in screen_of(run).query(PageView) if view.display]) == panes


async def test_an_idle_screen_draws_nothing_anew() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(120, 40)) as pilot:
        await press(pilot, *OPEN)
        pages = [view._page for view in screen_of(run).query(PageView)]
        run.watcher.put(replace(FRAUD_OPEN, traffic=ready_state().traffic))
        await press(pilot)

        assert [view._page for view in screen_of(run).query(PageView)] == pages
        assert all(a is b for a, b in zip([v._page for v in screen_of(run).query(PageView)], pages, strict=True))


HOSTILE = "\x1b]0;x\x07[bold]boo[/] \u202egnp\x00 模型" * 3


async def test_hostile_text_in_a_tree_is_neither_markup_nor_obeyed() -> None:
    events = tuple({**one, "message": HOSTILE, "reason": HOSTILE} for one in FRAUD_TREE.events)
    pods = [_with_name(one) if one["kind"] == "Pod" else one for one in FRAUD_TREE.objects]
    why = replace(FRAUD_WHY, verdict=HOSTILE, serving=HOSTILE, missing=(HOSTILE,))
    state: State = opened(FRAUD, replace(FRAUD_TREE, events=events, objects=tuple(pods)), why)
    run = Run(state)
    async with run.app.run_test(size=(80, 24)) as pilot:
        for key in ("1", "2", "3", "4", "6", "8", "d"):
            await press(pilot, *(OPEN if len(run.app.screen_stack) == 1 else ()), key)
            await pilot.pause(0.02)
            text = page(run)

            assert not any(ord(char) < 32 and char != "\n" for char in text), key
            assert "\u202e" not in text, key
        assert "[bold]boo[/]" in text


def _with_name(pod: Any) -> Any:
    return {**pod, "metadata": {**pod["metadata"], "name": HOSTILE}, "spec": {**pod["spec"], "nodeName": HOSTILE}}


async def test_what_is_copied_leaves_the_program_as_osc_52() -> None:
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        written: list[str] = []
        driver = run.app._driver
        assert driver is not None
        keep = driver.write
        driver.write = written.append  # type: ignore[method-assign,assignment]  # what goes to the terminal is seen
        await press(pilot, "c")
        driver.write = keep  # type: ignore[method-assign]  # as it was

        sent = "".join(written)
        command = b"kubectl -n risk get serviceaccount default -o yaml"
        assert f"\x1b]52;c;{base64.b64encode(command).decode()}" in sent


async def test_news_that_come_while_the_program_ends_are_not_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = []

    def at_the_end(screen: ServiceScreen) -> None:
        screen.show(replace(screen.state))
        shown.append(len(screen.query(LinesView)))

    monkeypatch.setattr(ServiceScreen, "on_unmount", at_the_end, raising=False)
    run = Run(FRAUD_OPEN)
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

    assert shown == [0], "what it would be drawn on is gone"
