#!/usr/bin/env bash
# Regenerates libs/protocol from proto/. CI runs it and fails when the result differs from what is committed.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-.venv/bin/python}
out=libs/protocol/src
find "$out/tintype" -name '*_pb2*' -delete
PATH="$(dirname "$python"):$PATH" "$python" -m grpc_tools.protoc \
    --proto_path=proto \
    --python_out="$out" --grpc_python_out="$out" \
    --mypy_out="$out" --mypy_grpc_out=only_async:"$out" \
    $(cd proto && find tintype -name '*.proto' | sort)
# A file without a service gets an empty gRPC stub: dead weight.
find "$out/tintype" \( -name 'events_pb2_grpc.py*' -o -name 'principal_pb2_grpc.py*' \) -delete
