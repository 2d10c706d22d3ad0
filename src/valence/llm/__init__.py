"""Language models as classifiers: chat servers, local weights, prompts, answers and their cache."""
