"""How the rows of our own questions are marked: a question is made of parts, and each row says of which it is."""

from __future__ import annotations

PART = "kmon_part"
"""A label that our own questions add."""

PART_MARK = f'"{PART}":"'.encode()
"""How Prometheus writes it: only rows of later parts have it, gauges, alerts."""

IDENTITY_MARK = b'"kn_revision_name"'
"""How it writes the label by which target_info tells whose a process is."""

GAUGE_TIME = "gauges "
"""What PART begins with in the times of gauges; the source follows."""

EXPORTED = "exported"
"""PART of series that tell their namespace twice: that of whoever was scraped, and the one they had themselves."""

CLOCK = "clock"
"""PART of what tells Prometheus' own time."""

UNREAD = "unread"
"""PART of names that nobody here can read."""

BEFORE, NOW_UP = "up before", "up now"
"""PART of whether targets answered a step ago, and of all series that say whether they do now."""

COPIES = "copies"
"""PART of whole series of a few targets."""

FIRST_TOKEN, NEXT_TOKEN = "first token", "next token"
"""PART of a language model's own histograms."""

SAMPLED = "kmon_sampled"
"""A label of rows, in a range, that say when targets were sampled; its value is the family."""

NEW = " of new"
"""What PART ends with where all that new targets counted is asked for, not what they gained in the window."""
