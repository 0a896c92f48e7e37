"""What all tests have in common."""

from hypothesis import settings

settings.register_profile("busy machine", deadline=None)
"""No test is timed: another program may have the processor."""
settings.load_profile("busy machine")
