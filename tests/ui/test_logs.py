"""The screen of the logs: it follows, keeps its place, searches, filters, and says what it does not show."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import pytest
from textual.pilot import Pilot

from kmon_tui.domain.command import FollowLogs, OpenService, PreparePredict, SaveLogs
from kmon_tui.domain.logs import MOST_LINES, LogLine, LogRequest, LogView
from kmon_tui.domain.service import Readiness
from kmon_tui.domain.state import Activity, Opened, State
from kmon_tui.domain.tree import Blind, Why
from kmon_tui.render.lines import text_of
from kmon_tui.ui.log_list import LogList
from kmon_tui.ui.log_screen import LogScreen
from kmon_tui.ui.palette import LinesView
from tests.ui.insides import DOWN, IRIS, IRIS_PODS, IRIS_TREE, IRIS_WHY, log_view, opened, with_logs
from tests.ui.samples import NOW, with_fleet
from tests.ui.test_keys import Run, press
from tests.ui.test_service import copied, foot, head, screen_of

REQUEST = LogRequest(IRIS)
OPEN = ("slash", *"iris", "enter", "l")
"""Select sklearn-iris and open its logs."""


def lines(run: Run) -> list[str]:
    """Give the visible rows."""
    return [text_of(line) for line in run.app.screen.query_one(LogList).visible_lines]


def painted(run: Run) -> str:
    """Give the first row as it stands on the terminal."""
    return run.app.screen.query_one(LogList).render_line(0).text


def ids(run: Run) -> list[int]:
    """Give the numbers that the visible lines tell."""
    return [int(found[1]) for line in lines(run) if (found := re.search(r"id=(\d+)", line))]


async def put(run: Run, pilot: Pilot[None], state: State) -> None:
    """Show a State, and wait until it is painted."""
    run.watcher.put(state)
    deadline = time.monotonic() + 20
    while getattr(run.app.screen, "state", state) is not state and time.monotonic() < deadline:
        await pilot.pause()
    await pilot.pause(0.15)


def requests(run: Run) -> list[LogRequest | None]:
    return [sent.request for sent in run.watcher.sent if isinstance(sent, FollowLogs)]


async def test_l_asks_for_the_logs_and_leaving_lets_them_go() -> None:
    run = Run(with_logs(log_view(REQUEST, 100)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "q")
        await pilot.pause()

        assert requests(run) == [REQUEST, None]
        assert run.app.screen is run.fleet


async def test_the_newest_lines_are_shown_and_followed() -> None:
    run = Run(with_logs(log_view(REQUEST, 100)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        before = ids(run)[-1]
        await put(run, pilot, with_logs(log_view(REQUEST, 140)))

        assert (before, ids(run)[-1]) == (99, 139)
        assert "follow" in head(run)
        assert "141 lines" in head(run)


async def test_scrolled_back_the_place_stays_and_new_lines_are_counted() -> None:
    run = Run(with_logs(log_view(REQUEST, 100)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "ctrl+b")
        there = ids(run)
        await put(run, pilot, with_logs(log_view(REQUEST, 512)))
        stayed, words = ids(run), foot(run)
        await press(pilot, "G")

        assert stayed == there
        assert re.search(r"4\d\d new lines below, G follows", words)
        assert ids(run)[-1] == 511
        assert "below" not in foot(run)


async def test_a_place_that_is_dropped_gives_way_to_the_oldest_line_that_is_held() -> None:
    run = Run(with_logs(log_view(REQUEST, 100)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "g")
        view = log_view(REQUEST, 400)
        held = replace(view, chunks=(view.chunks[0][300:], view.chunks[1]), first=300)
        await put(run, pilot, with_logs(held))

        assert ids(run)[0] == 300
        assert "dropped 300" in head(run)


async def test_what_came_too_fast_is_said() -> None:
    run = Run(with_logs(log_view(REQUEST, 100, dropped_at_source=12345)))
    async with run.app.run_test(size=(120, 24)) as pilot:
        await press(pilot, *OPEN)

        assert "12,345 came too fast" in head(run)


async def test_f_stops_following_and_follows_again() -> None:
    run = Run(with_logs(log_view(REQUEST, 100)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "f")
        await put(run, pilot, with_logs(log_view(REQUEST, 200)))
        stayed = ids(run)[-1]
        await press(pilot, "f")

        assert (stayed, ids(run)[-1]) == (99, 199)


async def test_a_search_goes_upwards_from_the_newest_and_marks_what_it_found() -> None:
    run = Run(with_logs(log_view(REQUEST, 400)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "slash", *"ERROR", "enter")
        first = foot(run)
        await press(pilot, "n")
        second, visible = foot(run), ids(run)
        await press(pilot, "escape")

        assert first.startswith(" /ERROR   8 of 8")
        assert second.startswith(" /ERROR   7 of 8")
        assert 349 in visible
        assert "ERROR" not in foot(run)
        assert isinstance(run.app.screen, LogScreen)


async def test_a_filter_shows_only_lines_that_fit_and_marks() -> None:
    run = Run(with_logs(log_view(REQUEST, 400)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "ampersand", *"error|id=00001", "enter")
        shown = lines(run)
        await put(run, pilot, with_logs(log_view(REQUEST, 460)))

        assert len([line for line in shown if "ERROR" in line or "id=00001" in line]) == 9
        assert any("restarted (5): OOMKilled 137" in line for line in shown)
        assert len([line for line in lines(run) if "ERROR" in line]) == 9
        assert re.search(r"1\d shown", head(run))


async def test_a_filter_that_cannot_be_read_stays_with_what_is_wrong() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "ampersand", *"(x", "enter")

        assert run.app.screen.query_one("#search").display
        assert len(lines(run)) > 10


async def test_containers_and_pods_are_turned_off_and_on() -> None:
    run = Run(with_logs(log_view(REQUEST, 70)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "o", "j", "enter")
        await pilot.pause(0.05)
        off = [line for line in lines(run) if "queue" in line]
        await press(pilot, "o", "enter")
        await pilot.pause(0.05)

        assert off == []
        assert any("queue" in line for line in lines(run))


async def test_wrap_shows_all_of_a_long_line() -> None:
    text = "begin " + "x" * 200 + " end"
    view = LogView(REQUEST, ((LogLine(text, "a-1", "main"),),), 0, 1, streams=(("a-1", "main"),))
    run = Run(with_logs(view))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        cut = lines(run)
        await press(pilot, "w")

        assert len(cut) == 1
        assert "".join(lines(run)).endswith(" end")
        assert len(lines(run)) == 3


async def test_long_lines_are_scrolled_to() -> None:
    view = LogView(REQUEST, ((LogLine("0123456789" * 30, "a-1", "main"),),), 0, 1)
    run = Run(with_logs(view))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        begin = painted(run)
        await press(pilot, "right")
        middle = painted(run)
        await press(pilot, *("right",) * 60)

        assert begin.startswith("0123456789")
        assert begin.endswith("45678…")
        assert middle.startswith("…789")
        assert painted(run).rstrip().endswith("89")


async def test_a_hit_beyond_the_edge_is_scrolled_to() -> None:
    view = LogView(REQUEST, ((LogLine("begin " + "x" * 200 + " here " + "y" * 200, "a-1", "main"),),), 0, 1)
    run = Run(with_logs(view))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "slash", *"here", "enter")
        found = painted(run)
        await press(pilot, "slash", *"begin", "enter")

        assert " here y" in found
        assert (found[0], found[-1]) == ("…", "…")
        assert painted(run).startswith("begin xxx")


async def test_wrapped_rows_are_scrolled_one_by_one() -> None:
    rows = tuple(LogLine(f"id={n:05d} " + "y" * 150, "a-1", "main") for n in range(40))
    run = Run(with_logs(LogView(REQUEST, (rows,), 0, 40)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "w", "g")
        top = lines(run)[0]
        await press(pilot, "j", "j")
        below = lines(run)[0]
        await press(pilot, "k", "k", "k", "k")

        assert top.startswith("id=00000")
        assert below.startswith("id=00001")
        assert lines(run)[0] == top


async def test_numbers_say_how_far_back() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "2", "0")

        assert requests(run)[1:] == [
            replace(REQUEST, since_s=300, tail=MOST_LINES),
            replace(REQUEST, tail=MOST_LINES),
        ]


async def test_the_head_says_all_only_of_all_there_is() -> None:
    since = replace(REQUEST, since_s=300, tail=MOST_LINES)
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(120, 24)) as pilot:
        await press(pilot, *OPEN)
        heads = [head(run)]
        await put(run, pilot, with_logs(log_view(REQUEST, 60, is_cut=True)))
        heads.append(head(run))
        await press(pilot, "2")
        await put(run, pilot, with_logs(log_view(since, 60, is_cut=True)))
        heads.append(head(run))

        assert ["all there is" in one for one in heads] == [True, False, False]
        assert "   the last 1,000 of each   " in heads[1]
        assert "   since 5m, the last 20,000 of each   " in heads[2]


async def test_p_goes_to_the_logs_of_before_the_restart_and_back() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "p", "p")

        assert requests(run)[1:] == [LogRequest(IRIS, previous=True, follow=False), REQUEST]


@pytest.mark.parametrize("key", ["S", "ctrl+s"])
async def test_a_save_says_the_path(key: str) -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, key)
        asked = SaveLogs() in run.watcher.sent
        done = Activity(1, SaveLogs(), NOW, done=True, text="saved 61 lines in /home/ops/logs/demo-sklearn-iris.log")
        await put(run, pilot, replace(with_logs(log_view(REQUEST, 60)), activity=(done,)))

        assert asked
        assert [one.message for one in run.app._notifications] == [done.text]


async def test_nothing_is_saved_while_there_is_nothing() -> None:
    run = Run(with_logs(None))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "S")

        assert SaveLogs() not in run.watcher.sent


async def test_the_visible_lines_are_copied() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "c")

        assert copied(run).splitlines() == lines(run)


async def test_what_is_cut_on_the_screen_is_whole_in_the_copy() -> None:
    text = "begin " + "x" * 200 + " end"
    run = Run(with_logs(LogView(REQUEST, ((LogLine(text, "a-1", "main"),),), 0, 1)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "right", "c")

        assert painted(run)[0] == "…"
        assert copied(run) == text


@pytest.mark.parametrize(
    ("key", "tab"), [("shift+tab", "Events"), ("m", "Metrics"), ("d", "Describe"), ("tab", "YAML"), ("8", "YAML")]
)
async def test_other_keys_lead_to_the_tabs_of_the_service(key: str, tab: str) -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, key)

        assert (screen_of(run).key, screen_of(run).tab.value) == (IRIS, tab)


async def test_v_shows_events_below_the_lines_and_has_the_service_watched_meanwhile() -> None:
    state = replace(with_logs(log_view(REQUEST, 100)), opened=Opened(IRIS, IRIS_TREE, IRIS_WHY))
    run = Run(state)
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "v")
        pane = run.app.screen.query_one("#events", LinesView)
        told = [text_of(line) for line in pane._lines]
        last = ids(run)[-1]
        await press(pilot, "v")
        hidden = not pane.display
        await press(pilot, "v", "q")

    assert told[0].startswith("── events (newest last) ─")
    assert 1 < len(told) <= 5
    assert last == 99
    assert hidden
    assert [sent.key for sent in run.watcher.sent if isinstance(sent, OpenService)] == [IRIS, None, IRIS, None]


async def test_events_that_may_not_be_read_say_so_below_the_lines() -> None:
    tree = replace(IRIS_TREE, events=(), root=None, blind=(Blind("Event", Why.FORBIDDEN, "may not list events"),))
    run = Run(replace(with_logs(log_view(REQUEST, 100)), opened=Opened(IRIS, replace(tree, objects=()), IRIS_WHY)))
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, *OPEN, "v")

        assert "may not list events" in text_of(run.app.screen.query_one("#events", LinesView)._lines[1])


async def test_the_service_stays_watched_when_its_logs_are_left() -> None:
    run = Run(replace(with_logs(log_view(REQUEST, 100)), opened=Opened(IRIS, IRIS_TREE, IRIS_WHY)))
    async with run.app.run_test(size=(100, 24)) as pilot:
        await press(pilot, "slash", *"iris", "enter", "enter", "l", "v", "q")

    assert OpenService(None) not in run.watcher.sent


async def test_i_talks_to_the_model_whose_logs_are_read() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, "i")
        await pilot.pause()

        asked = [sent.key for sent in run.watcher.sent if isinstance(sent, PreparePredict)]
        assert asked == [IRIS]


async def test_logs_of_another_request_are_not_shown() -> None:
    run = Run(with_logs(log_view(replace(REQUEST, previous=True), 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert "the logs: being asked for ..." in " ".join(lines(run))


@pytest.mark.parametrize(
    ("readiness", "words"),
    [
        (Readiness.COLD, "No pods: it is scaled to zero, and the next request wakes it."),
        (Readiness.STOPPED, "No pods: it was stopped"),
    ],
)
async def test_the_logs_of_a_service_that_is_to_have_no_pods_say_so(readiness: Readiness, words: str) -> None:
    state = with_logs(LogView(REQUEST, pods=0))
    services = [one._replace(readiness=readiness) if one.key == IRIS else one for one in state.fleet.services]
    run = Run(replace(state, fleet=replace(state.fleet, services=tuple(services))))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        await pilot.pause(0.15)

        assert words in " ".join(" ".join(lines(run)).split())


PROBLEM = "may not read logs in namespace demo (get pods/log)"


@pytest.mark.parametrize(
    ("view", "pressed", "words"),
    [
        (LogView(REQUEST, problems=(PROBLEM,)), (), (PROBLEM, "manifests/rbac.yaml")),
        (LogView(REQUEST, ended=True), (), ("There is no pod", "q, then w, says why")),
        (LogView(REQUEST, pods=0), (), ("There is no pod", "q, then w, says why")),
        (LogView(REQUEST, pods=2), (), ("Nothing was written yet.",)),
        (LogView(REQUEST, streams=(("a", "b"),)), (), ("Nothing was written yet.",)),
        (
            LogView(replace(REQUEST, since_s=60, tail=MOST_LINES), ended=True),
            ("1",),
            ("No line in the last 1m.", "0 shows all"),
        ),
        (
            LogView(LogRequest(IRIS, previous=True, follow=False), ended=True),
            ("p",),
            ("No container has restarted", "p shows those of now"),
        ),
        (log_view(REQUEST, 5), ("o", "j", "enter", "o", "j", "j", "enter"), ("None of 6 lines is shown", "esc")),
    ],
    ids=[
        "forbidden",
        "no_pod",
        "no_pod_is_followed",
        "pods_that_say_nothing",
        "silent",
        "nothing_since",
        "no_restart",
        "all_hidden",
    ],
)
async def test_an_empty_list_says_why_and_what_to_press(
    view: LogView, pressed: tuple[str, ...], words: tuple[str, ...]
) -> None:
    chunks = tuple(tuple(line for line in chunk if not line.mark) for chunk in view.chunks)
    run = Run(with_logs(replace(view, chunks=chunks) if pressed[:1] == ("o",) else view))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN, *pressed)
        await pilot.pause(0.15)

        for said in words:
            assert said in " ".join(" ".join(lines(run)).split())


async def test_a_problem_beside_lines_stands_at_the_foot() -> None:
    run = Run(with_logs(log_view(REQUEST, 60, problems=("pod x: the container is not there",))))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert "pod x: the container is not there" in foot(run)


async def test_while_the_api_is_away_the_logs_say_so() -> None:
    run = Run(replace(opened(IRIS, IRIS_TREE, IRIS_WHY, DOWN), logs=None))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)

        assert "no answer from https://10.0.0.1:6443" in " ".join(lines(run))


async def test_the_logs_of_a_deleted_service_stay() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        await put(run, pilot, with_fleet(with_logs(log_view(REQUEST, 60)), services=()))

        assert ids(run)[-1] == 59


async def test_a_new_pod_joins_with_a_colour_of_its_own() -> None:
    run = Run(with_logs(log_view(REQUEST, 60)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        view = log_view(REQUEST, 60)
        newcomer = "sklearn-iris-predictor-00004-deployment-6d8f7-n3wxx"
        more = (LogLine("joined", newcomer, "kserve-container", mark=True), LogLine("hi", newcomer, "kserve-container"))
        joined = replace(view, chunks=(*view.chunks, more), total=view.total + 2)
        await put(run, pilot, with_logs(joined))

        assert "n3wxx" in head(run)
        assert lines(run)[-1].startswith("n3wxx kserve   hi")
        assert len(IRIS_PODS) == 3


async def test_paints_are_few_however_many_states_come() -> None:
    run = Run(with_logs(log_view(REQUEST, 10)))
    async with run.app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *OPEN)
        log_list = run.app.screen.query_one(LogList)
        await pilot.pause(0.15)
        painted: list[float] = []
        for number in range(30):
            log_list.take(log_view(REQUEST, 20 + number))
            painted.append(log_list._painted_s)

        assert len(set(painted)) <= 2
        await pilot.pause(0.2)
        assert ids(run)[-1] == 48
