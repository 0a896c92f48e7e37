"""Values to text: pure functions, no App, no Widget.

Here belongs how a number, a cell, a chart looks.
Never: Textual, state, I/O.
"""
