"""Local stand-ins for the providers: they speak the wire formats, keep the quotas, fail on command."""

from sandbox.app import Keys, Record, Sandbox, create_app
from sandbox.checks import BadControl
from sandbox.faults import Fault
from sandbox.running import running_sandbox

__all__ = ["BadControl", "Fault", "Keys", "Record", "Sandbox", "create_app", "running_sandbox"]
