"""Calls for volume templates."""

from __future__ import annotations

from typing import TYPE_CHECKING, List, Optional

from ..sptype import Json
from .call import GET, POST, Section

if TYPE_CHECKING:
    from ..sptypes.replies import ApiOk
    from ..sptypes.scalars import VolumeTemplateName
    from ..sptypes.templates import (
        VolumeTemplateCreateDesc,
        VolumeTemplateDesc,
        VolumeTemplateStatusDesc,
        VolumeTemplateUpdateDesc,
    )


class VolumeTemplates(Section, title="Volume Templates"):
    """Sets of rules for making many volumes that are alike."""

    @GET("VolumeTemplatesList")
    def volumeTemplatesList(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[VolumeTemplateDesc]:
        """List all volume templates."""
        ...

    @GET("VolumeTemplatesStatus", allClusters=True)
    def volumeTemplatesStatus(
        self, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> List[VolumeTemplateStatusDesc]:
        """Show the usage and capacity of the volume templates.

        For each template: how many volumes and snapshots follow it, their sizes, and estimates of the capacity and
        the free space for it. Sizes are in bytes. `allClusters` asks every cluster of a multicluster for its own, since
        7.4.0.
        """
        ...

    @GET("VolumeTemplateDescribe/{templateName}")
    def volumeTemplateDescribe(
        self, templateName: VolumeTemplateName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> VolumeTemplateDesc:
        """Describe a volume template.

        The record that `volumeTemplatesList` has for the template: an object, not a list of one.

        ApiError: `objectDoesNotExist` when there is no such template.
        """
        ...

    @POST("VolumeTemplateCreate")
    def volumeTemplateCreate(
        self, json: Json[VolumeTemplateCreateDesc], clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Create a volume template.

        The template may set the size, the parent, the placement, the replication and the limits of the volumes made
        from it.

        ApiError: `objectExists` when the name is taken.
        """
        ...

    @POST("VolumeTemplateUpdate/{templateName}", since="1.0.4")
    def volumeTemplateUpdate(
        self,
        templateName: VolumeTemplateName,
        json: Json[VolumeTemplateUpdateDesc],
        clusterName: Optional[str] = None,
        returnRawAPIData: bool = False,
    ) -> ApiOk:
        """Change a volume template.

        With `propagate` the change also applies to the volumes and snapshots that already follow the template.

        ApiError: `objectDoesNotExist` when there is no such template; `objectExists` when the new name is taken.
        """
        ...

    @POST("VolumeTemplateDelete/{templateName}")
    def volumeTemplateDelete(
        self, templateName: VolumeTemplateName, clusterName: Optional[str] = None, returnRawAPIData: bool = False
    ) -> ApiOk:
        """Delete a volume template.

        A template that is in use cannot be deleted.

        ApiError: `objectDoesNotExist` when there is no such template.
        """
        ...
