"""The line that says why is found in what servers of all kinds write before they end."""

from __future__ import annotations

import pytest

from kmon_tui.domain.diagnosis.last_words import telling_line

UVICORN = """\
ERROR:    Traceback (most recent call last):
  File "/app/.venv/lib/python3.11/site-packages/starlette/routing.py", line 693, in lifespan
    async with self.lifespan_context(app) as maybe_state:
  File "/app/main.py", line 17, in lifespan
    state["model"] = load(os.environ["MODEL_PATH"])
KeyError: 'MODEL_PATH'

ERROR:    Application startup failed. Exiting.
"""
GUNICORN = """\
[2025-03-02 09:12:44 +0000] [7] [ERROR] Exception in worker process
Traceback (most recent call last):
  File "/app/server.py", line 3, in <module>
    import torchvision
ModuleNotFoundError: No module named 'torchvision'
[2025-03-02 09:12:44 +0000] [7] [INFO] Worker exiting (pid: 7)
[2025-03-02 09:12:44 +0000] [1] [ERROR] Worker (pid:7) exited with code 3
[2025-03-02 09:12:44 +0000] [1] [ERROR] Shutting down: Master
[2025-03-02 09:12:44 +0000] [1] [ERROR] Reason: Worker failed to boot.
"""
GO = """\
loading /mnt/models
panic: assignment to entry in nil map

goroutine 1 [running]:
main.main()
	/app/main.go:12 +0x1d
exit status 2
"""
RUST = """\
thread 'main' panicked at src/main.rs:41:10: called `Option::unwrap()` on a `None` value
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""
TGI = """\
ERROR text_generation_launcher: RuntimeError: weight model.layers.0.mlp.up_proj.weight does not exist
ERROR text_generation_launcher: Shard 0 failed to start
INFO text_generation_launcher: Shutting down shards
Error: ShardCannotStart
"""
VLLM = """\
(EngineCore_0 pid=271) ERROR 11-28 08:11:01 [core.py:700] ValueError: Free memory on device is less than desired
(APIServer pid=1)     raise RuntimeError("Engine core initialization failed. "
(APIServer pid=1) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""
PYDANTIC = """\
pydantic_core._pydantic_core.ValidationError: 2 validation errors for ModelSettings
implementation
  Field required [type=missing, input_value={'name': 'iris'}, input_type=dict]
    For further information visit https://errors.pydantic.dev/2.7/v/missing
parameters.uri
  Input should be a valid string [type=string_type, input_value=5, input_type=int]
    For further information visit https://errors.pydantic.dev/2.7/v/string_type
"""
TRITON = """\
| Model    | Version | Status                                                              |
| resnet   | 1       | READY                                                               |
| densenet | 1       | UNAVAILABLE: Invalid argument: unable to find 'densenet/1/model.onnx' |
| Option           | Value  |
| exit_on_error    | 1      |
I1128 10:00:00.100000 1 server.cc:307] Waiting for in-flight requests to complete.
error: creating server: Internal - failed to load all models
"""


@pytest.mark.parametrize(
    ("log", "line"),
    [
        (UVICORN, "KeyError: 'MODEL_PATH'"),
        (GUNICORN, "ModuleNotFoundError: No module named 'torchvision'"),
        (GO, "panic: assignment to entry in nil map"),
        (RUST, "thread 'main' panicked at src/main.rs:41:10: called `Option::unwrap()` on a `None` value"),
        (TGI, "RuntimeError: weight model.layers.0.mlp.up_proj.weight does not exist"),
        (VLLM, "ValueError: Free memory on device is less than desired"),
        (PYDANTIC, "parameters.uri: Input should be a valid string"),
        (TRITON, "densenet is UNAVAILABLE: Invalid argument: unable to find 'densenet/1/model.onnx'"),
        ("Error: ShardCannotStart\n", "Error: ShardCannotStart"),
        ("bye\n", "bye"),
        ("", ""),
    ],
)
def test_the_line_that_says_why(log: str, line: str) -> None:
    assert telling_line(log).endswith(line)
