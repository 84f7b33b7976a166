"""What an installation is watched with: dashboard, alerts, and the page that names the metrics."""
