"""What helps after a 401, for each way of logging in: only what is true of that way is promised."""

from __future__ import annotations

from kmon_tui.live.access import Access
from kmon_tui.live.plugin_words import typed

_ELSE, _ASKED = "or it is of another cluster", "or is it of another cluster"


def login_hint(access: Access) -> str:
    """Say what a person whose proof was refused can do."""
    login = access.login
    if login.plugin is not None:
        return f"The server refuses what the login plugin gave: log in again, then try {typed(login.plugin)}."
    if login.flagged:
        return f"What {login.flagged} gives has expired, {_ELSE}: start kmon-tui again with a new one."
    if login.token_file is not None:
        if access.in_cluster:
            return "Is the service account of this pod still there? Its token is read again by itself."
        return f"The token in {login.token_file} has expired, {_ELSE}: a new one is read as soon as it is there."
    if login.token is not None:
        return f"The token has expired, {_ELSE}: log in again, kmon-tui reads the new one from the kubeconfig."
    if login.username:
        return "Are user name and password in the kubeconfig right? New ones are read as soon as they are there."
    if login.certificate is not None:
        return f"Has the client certificate expired, {_ASKED}? A new one in the kubeconfig is read by itself."
    if login.certificate_file is not None:
        return f"Has {login.certificate_file} expired, {_ASKED}? A new one is read as soon as it is there."
    if access.endpoint.server.startswith("http:"):
        return "Without TLS no token goes to another machine, nor does kubectl's: has the server an https address?"
    return "The user of this context has no credentials: check the kubeconfig, or give --token."
