"""Running an explainer over many rows in bounded memory. Knows no clusters."""

from neonxai.engines.threads import n_threads
from neonxai.engines.tiles import Progress, for_each_tile, tile_rows

__all__ = ["Progress", "for_each_tile", "n_threads", "tile_rows"]
