"""The headless twins of the screens: data on stdout, words on stderr, an exit code.

Here belongs how a one-shot prints its answer.
Never: Textual, network code.
"""
