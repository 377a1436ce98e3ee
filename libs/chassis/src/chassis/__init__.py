"""Mechanisms that every service shares."""

import os

# gRPC reads it when it is first imported, and so before anything else here. With its support for forks,
# which is on by default, a child of a busy process now and then dies between fork and exec: gRPC's handlers
# start its threads anew in there. Our children only ever exec.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
