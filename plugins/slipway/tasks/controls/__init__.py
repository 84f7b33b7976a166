"""Who asks for a deployment, what people said of its environment, and what follows from both."""
