"""Runs in `build/bench/flower`, which has `flwr[simulation]` and numpy: one round of federated averaging of a
linear model for ten classes over so many clients, 50 gradient steps at each.

    python flower_peer.py CLIENTS ROWS
"""

import sys

import numpy as np
from flwr.client import ClientApp, NumPyClient
from flwr.common import Context, ndarrays_to_parameters
from flwr.server import ServerApp, ServerAppComponents, ServerConfig
from flwr.server.strategy import FedAvg
from flwr.simulation import run_simulation

CLIENTS, ROWS = int(sys.argv[1]), int(sys.argv[2])
STEPS, INPUTS, CLASSES = 50, 65, 10


class Client(NumPyClient):
    """Random rows of the shape of digits."""

    def __init__(self, seed: int) -> None:
        random = np.random.default_rng(seed)
        self.X = random.normal(size=(ROWS, INPUTS))
        self.Y = np.eye(CLASSES)[random.integers(0, CLASSES, ROWS)]

    def fit(self, parameters: list, config: dict) -> tuple:  # noqa: ARG002
        W = parameters[0]
        for _ in range(STEPS):
            W = W - 0.01 * self.X.T @ (self.X @ W - self.Y) / ROWS
        return [W], ROWS, {}


def client_fn(context: Context):
    return Client(int(context.node_config["partition-id"])).to_client()


def server_fn(context: Context) -> ServerAppComponents:  # noqa: ARG001
    start = ndarrays_to_parameters([np.zeros((INPUTS, CLASSES))])
    strategy = FedAvg(fraction_fit=1.0, fraction_evaluate=0.0, initial_parameters=start)
    return ServerAppComponents(strategy=strategy, config=ServerConfig(num_rounds=1))


run_simulation(
    server_app=ServerApp(server_fn=server_fn),
    client_app=ClientApp(client_fn=client_fn),
    num_supernodes=CLIENTS,
    backend_config={"client_resources": {"num_cpus": 1, "num_gpus": 0.0}},
)
