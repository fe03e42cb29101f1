"""The stages that an explainer composes: a model is read, rows answered tile by tile, answers kept."""
