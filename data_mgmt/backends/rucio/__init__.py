"""The Rucio adapter: the only place that knows Rucio."""

from data_mgmt.backends.rucio.backend import RucioBackend
from data_mgmt.backends.rucio.service import service_credential

__all__ = ["RucioBackend", "service_credential"]
