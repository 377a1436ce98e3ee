"""The settings of the stack that runs: read from its processes, so that they are what those really use."""

import psutil
from embedded.topology import topology

from tintype_local.state import StackState


class UnknownProcessError(LookupError):
    """No process of a service has this name, or it does not run."""


def service_and_settings(running: StackState, name: str) -> tuple[str, dict[str, str]]:
    """Return the service that a process is of, and the process's environment.

    A service's name stands for the first of its processes. Raises UnknownProcessError.
    """
    services = {process.name: process.service for process in topology().processes}
    known = [process for process in running.pids if process in services]
    process = next((process for process in known if name in (process, services[process])), None)
    if process is None:
        raise UnknownProcessError(f"There is no service {name!r}. There are: {', '.join(known)}")
    try:
        return services[process], psutil.Process(running.pids[process]).environ()
    except psutil.Error:
        raise UnknownProcessError(f"{process} does not run at this moment; see: tintype status") from None
