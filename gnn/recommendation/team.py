"""Processes that train one model together, each on its share of the customers: on one machine or several, as ``torchrun`` starts.

Every process reads the same export and goes through the same steps with the same draws; of each batch it takes its share, and
the gradients are added up before a step (synchronous data parallelism: S. Li et al., "PyTorch Distributed: Experiences on
Accelerating Data Parallel Training", VLDB 2020). So the model is the one that a single process would train, but for rounding.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
import torch.distributed as dist
from numpy.typing import NDArray
from torch import Tensor, nn


def device() -> torch.device:
    """Where tensors are multiplied: the process's GPU where there is one, else the CPU."""
    if not torch.cuda.is_available():
        return torch.device("cpu")
    return torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0")) % torch.cuda.device_count())


@dataclass(frozen=True, slots=True)
class Team:
    """This process among those that train together; alone, it is the first of one."""

    rank: int
    size: int

    def share(self, rows: NDArray[Any]) -> NDArray[Any]:
        """This process's part of a batch; all parts together are the batch."""
        return rows[self.rank :: self.size]

    def weighed(self, mean: Tensor, weight: Tensor) -> Tensor:
        """This process's summand of the mean over all: its own mean times its share of the weight."""
        total = weight.detach().clone()
        if self.size > 1:
            dist.all_reduce(total)
        return mean * (weight / total.clamp(min=1e-12))

    def add_gradients(self, module: nn.Module) -> None:
        """Replace each gradient by the sum over all processes."""
        if self.size == 1:
            return
        for parameter in module.parameters():
            if parameter.grad is None:
                parameter.grad = torch.zeros_like(parameter)
            dist.all_reduce(parameter.grad)

    def begin_alike(self, module: nn.Module) -> None:
        """Give all processes the first one's parameters and buffers."""
        if self.size == 1:
            return
        for tensor in (*module.parameters(), *module.buffers()):
            dist.broadcast(tensor.data, src=0)


def team() -> Team:
    """The processes that were joined; one, where none were."""
    if dist.is_available() and dist.is_initialized():
        return Team(dist.get_rank(), dist.get_world_size())
    return Team(0, 1)


@contextmanager
def joined() -> Iterator[Team]:
    """Join the processes that ``torchrun`` started, and leave them at the end; alone where it did not start this one."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield team()
        return
    dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    try:
        yield team()
    finally:
        dist.destroy_process_group()
