"""How often documents of subscriptions were executed, and how many heard of it."""

from subscriptions import metrics


class Counted:
    """How many executions and deliveries there have been since it was made."""

    def __init__(self) -> None:
        self._executions = metrics.EXECUTIONS._value.get()
        self._deliveries = metrics.DELIVERIES._value.get()

    @property
    def executions(self) -> float:
        executions: float = metrics.EXECUTIONS._value.get() - self._executions
        return executions

    @property
    def deliveries(self) -> float:
        deliveries: float = metrics.DELIVERIES._value.get() - self._deliveries
        return deliveries
