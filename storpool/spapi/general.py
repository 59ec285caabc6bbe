"""What holds for all calls."""

from .call import Section


class General(Section, title="General"):
    """JSON over HTTP, which any program that can send a GET or a POST can speak.

    The path of a request is `/ctrl/1.0/` and the query. Every request has the header `Authorization: Storpool
    v1:<token>`; only some have a JSON body, which for a GET goes percent-encoded into the parameter `json`. Replies
    are always JSON: `{"generation": N, "data": ...}`, or `{"error": {"name": ..., "descr": ..., "transient": ...}}`.

    Before the query there may be `RemoteCommand/<clusterName>/`, which relays the request to the API of another
    cluster, and after that `MultiCluster/`, which widens some calls for volumes and snapshots to all connected
    clusters. `MultiCluster/AllClusters/` before a query that reads and can be widened has each cluster answer for
    itself; in Python that is `api.allClusters(api.volumesList)`, since 7.4.0.

    In Python, `Api.fromConfig()` makes a connection from StorPool's configuration, where the environment overrides
    the files unless `use_env` is false; it takes a ready `SPConfig`, too. `Api(host, port, auth)` makes one from an
    address and a token. For both, `source` is the local address to connect from, and `multiCluster` turns on the
    multicluster paths.

    Most calls are named like their queries, with a small first letter. Each takes `clusterName`, the cluster to relay
    the request to, and `returnRawAPIData`, which gives the parsed JSON in place of objects. Arguments and bodies are
    checked before anything is sent, and refused with an InvalidArgumentError. An error of the cluster is raised as an
    ApiError whose `name` is the error's name.
    """
