"""The process that imports Keras once and forks the others."""
