"""Trains on the small shop, alone or with the other processes that torchrun started; the first one writes what came out."""

import sys
from datetime import timedelta

import numpy as np
import torch

from gnn.recommendation.settings import Settings
from gnn.recommendation.team import joined
from gnn.recommendation.trainer import train_recommender
from tests.unit.gnn.shops import OPENED, shop

SMALL = Settings(
    horizon=timedelta(weeks=4), least_customers=2, factors=8, width=8, encoder_epochs=4, epochs=2, hidden=16, batch=16
)


def main(file: str) -> None:
    torch.set_num_threads(1)
    with joined() as together:
        recommender = train_recommender(shop(), OPENED + timedelta(weeks=30), SMALL, version="v1", seed=0).recommender
        if together.rank == 0:
            network, encoded = recommender.network, recommender.shop.spaces["encoded"]
            np.savez(
                file,
                size=together.size,
                encoded=encoded.items,
                repeat=network.repeat.first,
                new=network.new.first,
                line=network.new.line,
                mean=network.mean,
            )


if __name__ == "__main__":
    main(sys.argv[1])
