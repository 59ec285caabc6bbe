"""Calls for recovery and relocation tasks."""

from __future__ import annotations

from typing import List, Optional

from ..sptypes.tasks import Task
from .call import GET, Section


class Tasks(Section, title="Tasks"):
    """Recovery and relocation of data under way, disk by disk."""

    @GET("TasksList")
    def tasksList(self, clusterName: Optional[str] = None, returnRawAPIData: bool = False) -> List[Task]:
        """List the tasks under way.

        Each entry is the recovery or relocation work on one disk, counted in objects; tasks that stem from one action
        have the same `transactionId`.

        The list is empty in normal operation. Entries appear while data is relocated, while a disk recovers, and
        while a bridge transfers data between clusters.
        """
        ...
