"""What is asked of a container's log, and what a kubelet says when it has none to give."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice

from kmon_tui.sandbox.apiserver.errors import ApiError, bad_request
from kmon_tui.sandbox.apiserver.podlogs import Line, Logs, Run
from kmon_tui.sandbox.apiserver.queries import is_true
from kmon_tui.sandbox.apiserver.shelf import Entry
from kmon_tui.sandbox.apiserver.values import JsonObject, at_path

_LEAST = {"tailLines": 0, "limitBytes": 1, "sinceSeconds": 1}


@dataclass(frozen=True, slots=True)
class LogWish:
    """The options of one request."""

    container: str
    follow: bool = False
    previous: bool = False
    timestamps: bool = False
    since: datetime | None = None
    tail_lines: int | None = None
    limit_bytes: int | None = None

    def chosen(self, run: Run) -> list[Line]:
        """Give the lines that are there already and asked for."""
        lines = [line for line in run.lines if self.since is None or line[0] >= self.since]
        return lines if self.tail_lines is None else list(islice(lines, max(0, len(lines) - self.tail_lines), None))

    def written(self, moment: datetime, raw: bytes) -> bytes:
        """Write one line as the kubelet does."""
        if not self.timestamps:
            return raw + b"\n"
        return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f000Z ").encode() + raw + b"\n"


def log_wish(pod: Entry, query: Mapping[str, str]) -> LogWish:
    """Read the options. Raises ApiError 400 and 422."""
    numbers = {name: _number(pod, query, name) for name in _LEAST}
    since = None
    if (seconds := numbers["sinceSeconds"]) is not None:
        since = datetime.now(UTC) - timedelta(seconds=seconds)
    if text := query.get("sinceTime"):
        if since is not None:
            raise _invalid(pod, "at most one of `sinceTime` or `sinceSeconds` may be specified")
        try:
            since = datetime.fromisoformat(text)
        except ValueError:
            raise bad_request(f'parsing time "{text}" as "2006-01-02T15:04:05Z07:00"') from None
    return LogWish(
        container_of(pod, query.get("container", "")),
        follow=is_true(query, "follow"),
        previous=is_true(query, "previous"),
        timestamps=is_true(query, "timestamps"),
        since=since,
        tail_lines=numbers["tailLines"],
        limit_bytes=numbers["limitBytes"],
    )


def log_run(logs: Logs, pod: Entry, wish: LogWish) -> tuple[Run, bool]:
    """Give the run that is asked for, and whether it goes on. Raises ApiError 400 when the kubelet has none."""
    key = (pod.namespace, pod.name, wish.container)
    named = f'container "{wish.container}" in pod "{pod.name}"'
    status = next((one for one in _statuses(pod) if one.get("name") == wish.container), None)
    if wish.previous:
        run = logs.previous(key)
        ended = status is None or at_path(status, "lastState.terminated")
        if run is None or not ended:
            raise bad_request(f"previous terminated {named} not found")
        return run, False
    if status is None:
        return logs.run(key), True
    waiting = at_path(status, "state.waiting")
    if waiting is not None and not at_path(status, "lastState.terminated"):
        raise bad_request(f"{named} is waiting to start: {_WAITING.get(waiting.get('reason'), waiting.get('reason'))}")
    if waiting is not None and (before := logs.previous(key)) is not None and not logs.run(key).written:
        return before, False
    return logs.run(key), bool(at_path(status, "state.running") is not None)


_WAITING = {"ErrImagePull": "image can't be pulled", "ImagePullBackOff": "trying and failing to pull image"}


def container_of(pod: Entry, wanted: str) -> str:
    """Give the container that is meant. Raises ApiError 400 when that is not clear."""
    names = [one.get("name", "") for one in at_path(pod.object, "spec.containers") or ()]
    initial = [one.get("name", "") for one in at_path(pod.object, "spec.initContainers") or ()]
    if wanted:
        if wanted not in (*names, *initial):
            raise bad_request(f"container {wanted} is not valid for pod {pod.name}")
        return wanted
    if len(names) > 1:
        more = f" or one of the init containers: [{' '.join(initial)}]" if initial else ""
        choice = f"[{' '.join(names)}]{more}"
        raise bad_request(f"a container name must be specified for pod {pod.name}, choose one of: {choice}")
    return names[0] if names else ""


def _statuses(pod: Entry) -> Iterator[JsonObject]:
    for name in ("initContainerStatuses", "containerStatuses"):
        yield from at_path(pod.object, f"status.{name}") or ()


def _number(pod: Entry, query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name)
    if text is None or text == "":
        return None
    if not text.removeprefix("-").isdecimal() or len(text) > 18:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax')
    if int(text) < _LEAST[name]:
        least = "0" if name == "tailLines" else "0, exclusive"
        raise _invalid(pod, f"{name}: Invalid value: {text}: must be greater than or equal to {least}")
    return int(text)


def _invalid(pod: Entry, why: str) -> ApiError:
    return ApiError(422, "Invalid", f'PodLogOptions "{pod.name}" is invalid: {why}')
