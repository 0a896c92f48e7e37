"""The Textual screens: they draw the State they are given and post messages.

Here belongs composition, bindings, looks.
Never: network code, decisions about facts.
"""
