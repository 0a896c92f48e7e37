"""What was said on the command line as a layer of settings: typed, checked, secrets hidden."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from kmon_tui.cli.flags import EVERYWHERE, KUBERNETES, PROMETHEUS, SCREEN
from kmon_tui.domain.errors import SettingsError
from kmon_tui.settings import Secret
from kmon_tui.settings.keys import KEYS, Layer
from kmon_tui.settings.parse import headers, matchers

Said = Mapping[str, object]
"""By key of the table of flags: a text, True, or a list of texts."""

_LISTS: Mapping[str, Callable[[str], tuple[object, ...]]] = {
    "as_groups": lambda text: (text,),
    "prometheus.matchers": matchers,
    "prometheus.headers": headers,
}


def layer_of(said: Said) -> Layer:
    """Give the layer; SettingsError names the flag that cannot work. No message shows the value of a secret."""
    layer: dict[str, object] = {}
    for key, value in said.items():
        try:
            if isinstance(value, list):
                if key in _LISTS:
                    layer[key] = tuple(one for text in value for one in _LISTS[key](str(text)))
            elif key == "token":
                layer[key] = Secret(str(value))
            elif key in KEYS and value is not True:
                if value != "":  # --namespace "" means none, as with kubectl
                    layer[key] = KEYS[key].read(value)
            else:
                layer[key] = value
        except ValueError as error:
            raise SettingsError(f"{_flag(key)} {error}", "See kmon-tui --help.") from None
    if "write" in layer and "read_only" not in layer:
        layer["read_only"] = False
    if layer.pop("no_bell", None):
        layer["bell"] = False
    if "no_mouse" in layer:
        layer["mouse"] = False
    if "name" in layer:
        layer["open_name"] = layer["name"]
    return layer


_OF_ANY_CLUSTER = {"namespace", "all_namespaces", "request_timeout"}


def not_of_a_demo(said: Said) -> str:
    """Name the flag of this call that means another cluster or Prometheus than those of a demo; empty: none does."""
    rows = (*KUBERNETES, *PROMETHEUS)
    return next((names[-1] for names, key, _, _ in rows if said.get(key) and key not in _OF_ANY_CLUSTER), "")


def _flag(key: str) -> str:
    rows = [row for _, rows in (*EVERYWHERE, ("", SCREEN)) for row in rows]
    return next((names[-1] for names, of_key, _, _ in rows if of_key == key), key)
