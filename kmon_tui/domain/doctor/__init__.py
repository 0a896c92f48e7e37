"""Why there are no numbers: facts in, findings out, each with the command or the diff that mends it.

Here belong the checks and what they need to know, as values.
Never: asking anybody anything, the clock.
"""
