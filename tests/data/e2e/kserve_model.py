"""A model of the real KServe SDK on one loopback address: it adds up the numbers of each instance.

Runs in the environment of tests/requirements-kserve.txt: kserve_model.py NAME HOST --http_port PORT --enable_grpc false
"""

import sys

import uvicorn

NAME, HOST = sys.argv[1:3]
del sys.argv[1:3]


class OnLoopback(uvicorn.Config):
    """kserve listens on all addresses, which is too many for a test."""

    def __init__(self, *args, **options):
        super().__init__(*args, **{**options, "host": HOST})


uvicorn.Config = OnLoopback

from kserve import Model, ModelServer  # noqa: E402  (after what it must not bind)


class Adder(Model):
    """Answers V1 requests."""

    def __init__(self, name):
        super().__init__(name)
        self.ready = True

    async def predict(self, payload, headers=None, response_headers=None):
        return {"predictions": [sum(instance) for instance in payload["instances"]]}


ModelServer().start([Adder(NAME)])
