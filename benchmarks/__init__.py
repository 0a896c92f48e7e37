"""Speed and memory, measured: ratios within one run, medians of several; no figure ever fails a build.

Here belongs one file a row of `make bench`, and what they all stand on.
Never: a test, a limit that decides an exit code.
"""
