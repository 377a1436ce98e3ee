"""The settings of the stack that runs: read from its processes, so that they are what those really use."""

import psutil

from tintype_local.secrets_file import SERVICES
from tintype_local.state import StackState


class UnknownProcessError(LookupError):
    """No process of a service has this name, or it does not run."""


def service_and_settings(running: StackState, name: str) -> tuple[str, dict[str, str]]:
    """Return the service that a process is of, and the process's environment.

    A service's name stands for the first of its processes. Raises UnknownProcessError.
    """
    known = [one for one in running.pids if _service(one) in SERVICES]
    process = next((one for one in known if name in (one, _service(one))), None)
    if process is None:
        raise UnknownProcessError(f"There is no service {name!r}. There are: {', '.join(known)}")
    try:
        return _service(process), psutil.Process(running.pids[process]).environ()
    except psutil.Error:
        raise UnknownProcessError(f"{process} does not run at this moment; see: tintype status") from None


def _service(process: str) -> str:
    return process.partition("-")[0]
