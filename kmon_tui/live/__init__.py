"""The real outside: the Kubernetes API, Prometheus, the pods. The only network code.

Here belongs every foreign protocol and the translation of foreign errors.
Never: text for a screen, decisions about what a fact means.
"""
