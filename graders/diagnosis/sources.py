"""Where the reasons of the rules are written down: papers, and pages of Keras's documentation."""

from __future__ import annotations

from graders.diagnosis.findings import PAGES

# Nwankpa and others, Activation functions: comparison of trends in practice.
ACTIVATIONS = "https://arxiv.org/abs/1811.03378"
# Wardat and others, DeepLocalize: fault localization for deep neural networks.
DEEPLOCALIZE = "https://arxiv.org/abs/2103.03376"
# Nikanjam and others, Automatic fault detection for deep learning programs (NeuraLint).
NEURALINT = "https://arxiv.org/abs/2105.08095"
# Humbatova and others, Taxonomy of real faults in deep learning systems.
TAXONOMY = "https://arxiv.org/abs/1910.11015"
# Glorot and Bengio, Understanding the difficulty of training deep feedforward neural networks.
VANISHING = "https://proceedings.mlr.press/v9/glorot10a.html"
# Pascanu and others, On the difficulty of training recurrent neural networks.
EXPLODING = "https://arxiv.org/abs/1211.5063"
# Lu and others, Dying ReLU and initialization.
DYING = "https://arxiv.org/abs/1903.06733"
# Bengio, Practical recommendations for gradient-based training of deep architectures.
PRACTICE = "https://arxiv.org/abs/1206.5533"
# Ioffe and Szegedy, Batch normalization.
BATCHES = "https://arxiv.org/abs/1502.03167"
# Srivastava and others, Dropout: a simple way to prevent neural networks from overfitting.
DROPOUT = "https://jmlr.org/papers/v15/srivastava14a.html"
# Kapoor and Narayanan, Leakage and the reproducibility crisis in ML-based science.
LEAKAGE = "https://arxiv.org/abs/2207.07048"
# TensorFlow on the order of examples, and on the one of each epoch.
SHUFFLE = "https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle"
# King and Zeng, Logistic regression in rare events data: what scikit-learn calls "balanced".
IMBALANCE = "https://gking.harvard.edu/files/0s.pdf"
# Ojala and Garriga, Permutation tests for studying classifier performance.
PERMUTATIONS = "https://jmlr.org/papers/v11/ojala10a.html"
# Zhang and others, Understanding deep learning requires rethinking generalization.
BY_HEART = "https://arxiv.org/abs/1611.03530"

PROBABILISTIC, REGRESSION, LOSSES = PAGES["probabilistic"], PAGES["regression"], PAGES["losses"]
METRICS, FIT, TRANSFER = PAGES["metrics"], PAGES["fit"], PAGES["transfer"]
EMBEDDING, FLATTEN, REGULARIZERS = PAGES["embedding"], PAGES["flatten"], PAGES["regularizers"]
FUNCTIONAL, CUSTOM_LAYERS, BATCH = PAGES["functional"], PAGES["custom_layers"], PAGES["batch"]
TRAIN_STEP, AUGMENTATION = PAGES["custom_train_step"], PAGES["augmentation"]
MASKING = PAGES["masking"]
RESCALING, EARLY_STOPPING = PAGES["rescaling"], PAGES["early_stopping"]
