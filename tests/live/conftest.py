"""Fixtures of several files in this folder."""

from __future__ import annotations

import pytest

from tests.live.served import Serve, serve_by_sandbox


@pytest.fixture
def serve() -> Serve:
    """Give the Prometheus that the cases run on."""
    return serve_by_sandbox
