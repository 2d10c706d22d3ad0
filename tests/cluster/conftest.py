"""A cluster of real Ray nodes on this machine, one core each."""

import importlib.util
import os
import sys
import warnings

import pytest

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
SIZE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="package")
def cluster():
    """One node; a test adds the nodes it wants to lose."""
    if sys.platform == "win32" or importlib.util.find_spec("ray") is None:
        pytest.skip('Ray clusters: needs Linux or macOS and pip install "valence[ray]"')
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Ray's own
        from ray.cluster_utils import Cluster

        found = Cluster(initialize_head=True, head_node_args={**SIZE, "include_dashboard": False})
    yield found
    found.shutdown()


@pytest.fixture
def second(cluster):
    """A second node, gone after the test."""
    node = cluster.add_node(**SIZE)
    yield node
    if node in cluster.worker_nodes:
        cluster.remove_node(node)


@pytest.fixture
def join(cluster):
    """Connect this process to the cluster, with a function that every worker calls at its start."""
    import ray

    def _join(hook=None):
        ray.init(
            address=cluster.address,
            log_to_driver=False,
            logging_level=40,
            runtime_env={"worker_process_setup_hook": hook} if hook else None,
        )

    yield _join
    ray.shutdown()
